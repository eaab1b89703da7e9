"""What goes wrong, as exceptions: one line that says what is wrong, where, and what would be right."""

from __future__ import annotations

import logging
import re
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and its place in an experiment."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


logger = logging.getLogger("faceoff")
_place = re.compile(r"(?P<file>[^\s:][^\n:]*):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)")


def _problem(line: str) -> Problem:
    found = _place.match(line)
    if not found:
        return Problem(line)
    column = found["column"]
    return Problem(found["message"], found["file"], int(found["line"]), int(column) if column else None)


class Error(Exception):
    """Whatever Face/Off refuses. `str()` is what the command says; where it tells of a place in a file, `file`, `line` and
    `column` (from 1) are that, and `message` is the rest."""

    def __init__(self, text: str, file: str = "", line: int = 0, column: int = 0) -> None:
        if line and not _place.match(text):
            text = f"{file}:{line}:{column}: {text}"
        super().__init__(text)
        # Of an experiment all that is wrong is told at once: a line each, with the source below, which is indented.
        said = [_problem(one) for one in text.splitlines() if one and not one.startswith("  ")] or [Problem(text)]
        self.problems: list[Problem] = said
        self.message: str = said[0].message
        self.file: str | None = said[0].file
        self.line: int | None = said[0].line
        self.column: int | None = said[0].column


class ConfigError(Error):
    """A wrong experiment, or wrong arguments."""


class MissingFile(ConfigError):
    """A file that an experiment or a plugin names, and that is nowhere."""


class PluginError(Error):
    """A plugin that can't be used, or breaks its contract."""


class FileError(Error):
    """Unreadable weights, unwritable output."""


class PictureError(Error):
    """A file that is no picture, or none that can be read."""


def _of_a_library(file: str) -> bool:
    return "site-packages" in file or file.startswith("<frozen ") or Path(file).parent == Path(__file__).parent


def told(error: BaseException) -> str:
    """What a plugin raised, in one line: the traceback's last one, and where in the plugin it was."""
    if isinstance(error, Error):
        return str(error)
    logger.debug("a plugin raised", exc_info=error)
    last = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{last} ({Path(error.filename or '?').name}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if not _of_a_library(one.filename)]
    for frame in reversed(own or frames):
        return f"{last} ({Path(frame.filename).name}:{frame.lineno}, in {frame.name})"
    return last
