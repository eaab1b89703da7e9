"""Reads a report.html as a person would, in a real browser: check_report.py PAGE [--plots N]

The page has to have N plots. Ends with 0 and a line of JSON that counts what was seen; else says in a line what is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from browser import Browser, Failure, browser

WIDE, PHONE = (1280, 900), (375, 800)


def require(what: str, fact: bool) -> None:
    if not fact:
        raise Failure(f"not so: {what}")


def open_page(b: Browser, page: Path, size: tuple[int, int], plots: int) -> None:
    b.window(*size)
    b.open(page)
    if plots > 0:
        b.wait(f"document.documentElement.dataset.plots == {plots}")


def check_pictures(b: Browser) -> int:
    sizes = b.evaluate("[...document.images].map((image) => image.complete ? image.naturalWidth : 0)")
    require("the page has pictures", len(sizes) > 0)
    require(f"every picture loads: {sizes}", all(size > 0 for size in sizes))
    return len(sizes)


def check_plots(b: Browser, plots: int) -> None:
    require(f"there are {plots} plots", b.evaluate("document.querySelectorAll('.plot').length") == plots)
    marks = b.evaluate(
        "[...document.querySelectorAll('.plot')].map((plot) => "
        "[...plot.querySelectorAll('svg .mark-line path, svg .mark-rect path, svg .mark-symbol path')]"
        ".filter((path) => path.getBBox().width + path.getBBox().height > 0).length)"
    )
    require(f"every plot shows marks: {marks}", all(count > 0 for count in marks))
    tables = b.evaluate("[...document.querySelectorAll('figure table')].map((table) => table.tBodies[0].rows.length)")
    require(f"every figure has its numbers as a table: {tables}", all(count > 0 for count in tables))


def check_labels(b: Browser) -> None:
    cut = b.evaluate(
        "[...document.querySelectorAll('.plot svg')].flatMap((svg) => { const all = svg.getBoundingClientRect();"
        " return [...svg.querySelectorAll('text')].filter((text) => { const own = text.getBoundingClientRect();"
        " return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 1 ||"
        " own.bottom > all.bottom + 1; }).map((text) => text.textContent); })"
    )
    require(f"no plot cuts its words off: {cut}", not cut)
    heights = b.evaluate(
        "[...document.querySelectorAll('.plot svg .root > g > .background')].map((one) => one.getBBox().height)"
    )
    require(f"a legend leaves a plot its room: {heights}", len(heights) > 0 and all(one >= 140 for one in heights))


def first_cells(b: Browser) -> list[str]:
    return b.evaluate(
        "[...document.querySelector('#recognisers tbody').rows].filter((row) => !row.hidden)"
        ".map((row) => row.cells[0].textContent)"
    )


def check_tables(b: Browser) -> None:
    before = first_cells(b)
    require(f"the first table has rows that differ: {before}", len(set(before)) > 1)
    b.click("#recognisers th button")
    rising = first_cells(b)
    b.click("#recognisers th button")
    falling = first_cells(b)
    number = lambda text: float(text.split("=")[1].split(",")[0])  # noqa: E731
    require(f"a click on a head sorts: {rising}", rising == sorted(before, key=number))
    require(f"and another one the other way: {falling}", falling == sorted(before, key=number, reverse=True))
    b.click("#recognisers .filter input")
    b.write(f"{before[0]} surrogate")
    left = first_cells(b)
    require(f"a filter leaves the rows with its words: {left}", set(left) == {before[0]} and len(left) < len(before))
    seen = b.evaluate(
        "[...document.querySelector('#recognisers table').querySelectorAll('tbody tr')].filter((row) => row.offsetHeight > 0).length"
    )
    require("and hides the others", seen == len(left))


def check_views(b: Browser) -> None:
    widths = "[...document.querySelectorAll('.views')][0].querySelectorAll('img')"
    closed = b.evaluate(f"[...{widths}].map((image) => image.getBoundingClientRect().width)")
    require(f"a face has three views: {closed}", len(closed) == 3)
    b.click("a.open")
    b.wait("document.querySelector('.views:target') !== null", 5)
    opened = b.evaluate(f"[...{widths}].map((image) => image.getBoundingClientRect().width)")
    require(f"they open large: {opened}", all(2 * small < large for small, large in zip(closed, opened)))
    names = b.evaluate("[...document.querySelectorAll('.views:target .name')].map((name) => name.textContent)")
    require(f"with their names: {names}", names == ["before", "perturbation", "after"])
    boxes = b.evaluate(
        "[...document.querySelectorAll('.views:target .view')].map((view) => [...view.querySelectorAll('rect.face')]"
        ".filter((rect) => rect.getBoundingClientRect().width > 50).length)"
    )
    require(f"and the face's box around it, before and after: {boxes}", boxes == [1, 0, 1])
    b.click(".views:target .close")
    b.wait("document.querySelector('.views:target') === null", 5)


def check_opening(b: Browser) -> None:
    first = b.evaluate("document.querySelector('section').id")
    require(f"the page opens on its verdict: {first}", first == "verdict")
    require("which is a sentence", b.evaluate("document.querySelector('#verdict .lead').textContent.length") > 40)
    figures = b.evaluate("[...document.querySelectorAll('.key-figure .role')].map((role) => role.textContent)")
    require(f"with three figures at most: {figures}", 1 <= len(figures) <= 3)
    require(f"those never attacked first: {figures}", figures == sorted(figures, key=lambda role: role != "held-out"))
    wide = b.evaluate(
        "[...document.querySelectorAll('#recognisers .scroll, #detectors .scroll')]"
        ".map((box) => [box.scrollWidth, box.clientWidth])"
    )
    require(f"no table is wider than a laptop: {wide}", all(inner <= outer for inner, outer in wide))


def check_width(b: Browser) -> None:
    wide = b.evaluate("document.documentElement.scrollWidth")
    require(f"nothing is wider than a phone's screen: {wide}", wide <= PHONE[0])


def check(page: Path, plots: int) -> dict[str, int]:
    with browser() as b:
        open_page(b, page, WIDE, plots)
        check_opening(b)
        pictures = check_pictures(b)
        check_plots(b, plots)
        check_labels(b)
        check_tables(b)
        check_views(b)
        b.dark(True)
        if plots > 0:
            b.wait(f"document.documentElement.dataset.plots == {plots} && document.querySelector('.plot svg') !== null")
        open_page(b, page, PHONE, plots)
        check_width(b)
        check_labels(b)
        check_views(b)
        # Without scripts: everything but the plots, whose numbers are there.
        b.scripts(False)
        open_page(b, page, WIDE, 0)
        require("without scripts every picture loads", check_pictures(b) == pictures)
        require("tables have rows", b.evaluate("document.querySelectorAll('#recognisers tbody tr').length") > 0)
        require("the plots' numbers can be opened", b.evaluate("document.querySelectorAll('figure details').length") > 0)
        check_views(b)
        if b.complaints:
            raise Failure(f"the console says: {b.complaints}")
    return {"pictures": pictures, "plots": plots}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--plots", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(check(arguments.page, arguments.plots)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"check_report.py: {failure}")
