"""How far a call is: tqdm's bar, and words for the logger `faceoff`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from faceoff.errors import logger


def _wanted(progress: bool | None) -> bool:
    if progress is not None:
        return progress
    return "ipykernel" in sys.modules or sys.stderr.isatty()


class Told:
    """What the host tells of a call."""

    def __init__(self, progress: bool | None) -> None:
        self._tqdm: Any = None
        self._bar: Any = None
        if _wanted(progress):
            try:
                from tqdm.auto import tqdm
            except ImportError:
                if progress:
                    raise
            else:
                self._tqdm = tqdm
        self.words: list[str] = []

    def begin(self, items: int, done: int) -> None:
        self.end()
        if self._tqdm is not None and items > 0:
            self._bar = self._tqdm(total=items, initial=done, unit="picture")

    def start_item(self, name: str) -> None:
        if self._bar is not None:
            self._bar.set_description(name)

    def step(self, step: int, of: int) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(f"step {step + 1}/{of}")

    def end_item(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def say(self, line: str) -> None:
        self.words.append(line)
        aloud = line.startswith(("warning: ", "left out: "))
        logger.log(logging.WARNING if aloud else logging.INFO, "%s", line.removeprefix("warning: "))

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
