"""The table at the end of scripts/demo, from the results.jsonl of its runs.

summarise_demo.py RUN_FOLDER...
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOUND_SCORE = 0.5  # a face counts as found with a score above this ...
FOUND_IOU = 0.5  # ... and, afterwards, a box that overlaps the true one by at least this

HEADER = (
    "experiment", "attacked", "model", "role", "faces found", "to the target", "taken for", "to oneself", "protected",
    "change", "PSNR"
)  # fmt: skip


def read_items(run: Path) -> list[dict[str, Any]]:
    path = run / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def before_after(pairs: Iterable[list[float | None] | None]) -> str:
    known = [pair for pair in pairs if pair]
    before, after = (mean(pair[i] for pair in known) for i in (0, 1))
    return "-" if before is None and after is None else f"{number(before, 3)} → {number(after, 3)}"


def found(said: list[dict[str, Any]]) -> str:
    """How many faces a detector finds, and still finds."""
    before = sum((one["score"][0] or 0.0) > FOUND_SCORE for one in said)
    after = sum((one["score"][1] or 0.0) > FOUND_SCORE and (one["iou"] or 0.0) >= FOUND_IOU for one in said)
    return f"{before} → {after}"


def by_model(faces: list[dict[str, Any]], kind: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What "models" or "detectors" say of the faces, by their name and role."""
    said: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for face in faces:
        for one in face.get(kind, []):
            said.setdefault((one["name"], one["role"]), []).append(one)
    return said


def thresholds(run: Path) -> dict[str, float | None]:
    """Each model's similarity threshold at the run's false accept rate, where it was measured."""
    environment = json.loads((run / "environment.json").read_text())
    rate = next(iter(environment["variants"].values()))["false_accept_rate"]
    return {name: dict(model.get("thresholds", [])).get(rate) for name, model in environment["models"].items()}


def taken(pairs: list[list[float | None] | None], threshold: float | None) -> str:
    """How many faces pass for their target."""
    known = [pair for pair in pairs if pair]
    if not known or threshold is None:
        return "-"
    return f"{sum((pair[1] or 0.0) >= threshold for pair in known)} of {len(known)}"


def protected(models: list[dict[str, Any]]) -> str:
    """How many faces a recogniser does not take for the person: the best match is somebody else, or no face is found."""
    known = [model["protected"][1] for model in models if model["protected"][1] is not None]
    return f"{sum(known)} of {len(known)}" if known else "-"


def rows(run: Path) -> list[tuple[str, ...]]:
    items = read_items(run)
    faces = [face for item in items for face in item.get("faces", [])]
    attacked = sum(item["status"] == "attacked" for item in items)
    largest = max((item["linf"] for item in items if item.get("linf") is not None), default=None)
    left = (run.name, f"{attacked}/{len(items)}")
    right = (number(largest, 0), number(mean(item.get("psnr") for item in items), 1))

    limits = thresholds(run) if items else {}
    table = [(*who, found(said), *("-",) * 4) for who, said in by_model(faces, "detectors").items()]
    for (name, role), models in by_model(faces, "models").items():
        targets = [model["target"] for model in models]
        to_self = before_after(model["self"] for model in models)
        cells = (before_after(targets), taken(targets, limits.get(name)), to_self, protected(models))
        table.append((name, role, "-", *cells))
    table = table or [("-",) * 7]
    return [(*(left if i == 0 else ("",) * 2), *row, *(right if i == 0 else ("",) * 2)) for i, row in enumerate(table)]


def main(folders: list[str]) -> None:
    runs = [Path(folder) for folder in folders]
    table = [HEADER, *(row for run in runs for row in rows(run))]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()
    print("Before → after, in the delivered file; similarities are means over the faces, change is the largest in grey levels.")
    print("role: surrogates were attacked; held_out models never were, and related ones learnt like one that was.")
    print("taken for: faces that pass for their target at the experiment's false accept rate.")
    print("protected: faces whose best match among the people is not the person, or that are not found.")
    for run in runs:
        print(f"{run.name}: pictures in {run / 'images'}, results in {run / 'results.jsonl'}")


if __name__ == "__main__":
    main(sys.argv[1:])
