"""Reads a page of `faceoff view` as a person would, in a real browser: check_view.py PAGE [--shots PREFIX]

Ends with 0 and a line of JSON that counts what was seen; else says in a line what is wrong. --shots also writes what is
seen at laptop and phone width, light and dark, as PREFIX-1280-light.jpg and so on.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from pathlib import Path

from browser import Browser, Failure, browser

WIDTHS = {1280: 900, 390: 844}


def require(what: str, fact: bool) -> None:
    if not fact:
        raise Failure(f"not so: {what}")


def check_once(b: Browser, width: int) -> dict[str, int]:
    sizes = b.evaluate("[...document.images].map((image) => image.complete ? image.naturalWidth : 0)")
    require(f"every picture loads: {sizes}", len(sizes) > 0 and all(size > 0 for size in sizes))
    boxes = b.evaluate("[...document.querySelectorAll('rect.face')].map((rect) => rect.getBoundingClientRect().width)")
    require(f"faces have boxes that are seen: {boxes}", all(box > 3 for box in boxes))
    wide = b.evaluate("document.documentElement.scrollWidth")
    require(f"nothing is wider than {width}: {wide}", wide <= width)
    cut = b.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).length"
    )
    require("no table has to be scrolled", cut == 0)
    rows = b.evaluate("document.querySelectorAll('tbody tr').length")
    return {"pictures": len(sizes), "boxes": len(boxes), "rows": rows}


def luminance(b: Browser, what: str) -> float:
    colour = b.evaluate(f"getComputedStyle(document.body).{what}").removeprefix("rgb(").removesuffix(")")
    return sum(float(part) for part in colour.split(",")) / 3


def check(page: Path, shots: str | None) -> dict[str, int]:
    seen: list[dict[str, int]] = []
    with browser() as b:
        for width, height in WIDTHS.items():
            for dark in (False, True):
                b.window(width, height)
                b.dark(dark)
                b.open(page)
                seen.append(check_once(b, width))
                ink, paper = luminance(b, "color"), luminance(b, "backgroundColor")
                read = (ink > paper) == dark and abs(ink - paper) > 150
                require(f"letters are read, dark {dark}: {ink} on {paper}", read)
                if shots:
                    shot = b.call("Page.captureScreenshot", format="jpeg", quality=80)["data"]
                    Path(f"{shots}-{width}-{'dark' if dark else 'light'}.jpg").write_bytes(base64.b64decode(shot))
        if b.complaints:
            raise Failure(f"the console says: {b.complaints}")
    require(f"it says the same at every width: {seen}", all(one == seen[0] for one in seen))
    return seen[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--shots")
    arguments = parser.parse_args()
    print(json.dumps(check(arguments.page, arguments.shots)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"check_view.py: {failure}")
