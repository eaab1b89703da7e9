"""What calls return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceoff import _faceoff

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Pair = tuple[float, float]


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas

    return pandas.DataFrame(rows)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):  # what a run that was killed left is no line
                yield json.loads(line)


@dataclass(frozen=True)
class JudgeCount:
    """Of how many of a photo's faces a judge that was never attacked says so, before and after."""

    name: str
    faces: int
    before: int
    after: int


@dataclass(frozen=True)
class Protected:
    """What became of a photo that was to be protected: docs/protecting-photos.md explains it."""

    photo: Path
    status: str  #: "delivered", "no_face", "unchanged", "failed" or "blocked"
    earlier: bool  #: it was so before this call, which had nothing to do
    output: Path | None
    why: str = ""  #: of what failed or is blocked
    faces: int = 0
    recognised: tuple[JudgeCount, ...] = ()
    taken_for_target: tuple[JudgeCount, ...] = ()
    found: tuple[JudgeCount, ...] = ()
    linf: int | None = None
    psnr: float | None = None
    ssim: float | None = None
    bytes: tuple[int, int] | None = None  #: of the photo and of what was delivered
    seconds: float | None = None


def protected(record: dict[str, Any]) -> Protected:
    counts = {key: tuple(JudgeCount(**one) for one in record.pop(key, []))
              for key in ("recognised", "taken_for_target", "found")}
    output, size = record.pop("output"), record.pop("bytes", None)
    return Protected(Path(record.pop("photo")), output=None if output is None else Path(output),
                     bytes=None if size is None else tuple(size), **counts, **record)


@dataclass(frozen=True)
class Sighting:
    """What one detector makes of a face: before and after."""

    name: str
    role: str
    score: Pair
    iou: float


@dataclass(frozen=True)
class Recognition:
    """What one recogniser makes of a face; pairs are before and after, None: it says nothing."""

    name: str
    role: str
    found: Any
    outcome: Any
    best: Any
    protected: Any
    rank1: Any
    target: Any
    target_disjoint: Any
    self: Any
    impersonated: Any
    dodged: Any
    identified: Any


@dataclass(frozen=True)
class Face:
    """A face of a picture: docs/writing-an-experiment.md explains each field of a result."""

    box: tuple[float, float, float, float]
    person: str
    known: bool
    target: str | None
    found: Any
    detectors: list[Sighting]
    models: list[Recognition]


def _face(record: dict[str, Any]) -> Face:
    return Face(tuple(record["box"]), record["person"], record["known"], record["target"], record["found"],
                [Sighting(one["name"], one["role"], tuple(one["score"]), one["iou"]) for one in record.get("detectors", [])],
                [Recognition(**one) for one in record["models"]])


@dataclass(frozen=True)
class Item:
    """One picture under one variant: a line of results.jsonl, which `record` has as it is."""

    run: Path
    item: int
    variant: str
    picture: Path
    output: Path | None  #: the delivered picture; None where nothing was delivered
    status: str  #: attacked, unchanged, no_face or failed
    linf: float | None
    psnr: float | None
    ssim: float | None
    queries: int
    seconds: float
    faces: list[Face]
    notes: list[str]
    error: str | None  #: why it failed
    record: dict[str, Any] = field(repr=False)

    def delivered(self) -> np.ndarray:
        """The delivered picture, uint8 [H,W,3] RGB, read from its file."""
        if self.output is None:
            raise _no_picture(self)
        return _faceoff.read_picture(str(self.output))

    def clean(self) -> np.ndarray:
        """The picture as it was, likewise."""
        return _faceoff.read_picture(str(self.picture))


def _no_picture(item: Item) -> Exception:
    from faceoff.errors import PictureError

    return PictureError(f"{item.picture}: nothing was delivered: {item.error}")


def _item(run: Path, record: dict[str, Any]) -> Item:
    output = record["output"]
    return Item(run, record["item"], record["variant"], Path(record["picture"]), run / output if output else None,
                record["status"], record["linf"], record["psnr"], record["ssim"], record["queries"], record["seconds"],
                [_face(one) for one in record["faces"]], record.get("notes", []), record.get("error"), record)


@dataclass(frozen=True)
class Run:
    """A run's folder, and what is in it."""

    folder: Path
    items: list[Item]

    @staticmethod
    def read(folder: str | Path) -> Run:
        """A run that was made before, by whatever means."""
        path = Path(folder)
        return Run(path, [_item(path, record) for record in _lines(path / "results.jsonl")])

    @property
    def failed(self) -> list[Item]:
        return [one for one in self.items if one.status == "failed"]

    def delivered(self) -> dict[tuple[str, Path], np.ndarray]:
        """Every delivered picture, by variant and picture."""
        return {(one.variant, one.picture): one.delivered() for one in self.items if one.output is not None}

    def to_pandas(self) -> pd.DataFrame:
        """A row a face and judge: who judges, in what role, and what it says before and after. An item without a face, or one
        that nobody judges, has one row."""
        rows = []
        for one in self.items:
            item = {"item": one.item, "variant": one.variant, "picture": str(one.picture), "status": one.status,
                    "linf": one.linf, "psnr": one.psnr, "ssim": one.ssim, "queries": one.queries, "seconds": one.seconds}
            said = [{**item, "face": i, **judged} for i, face in enumerate(one.faces) for judged in _judged(face)]
            rows += said or [item]
        return _frame(rows)


def _shares(record: dict[str, Any], within: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """What of a judge's figures are shares of the faces, clean and delivered, by their names."""
    for key, value in record.items():
        name = f"{within} {key}".strip()
        if not isinstance(value, dict):
            continue
        if "share" not in (value.get("delivered") or {}):
            yield from _shares(value, name)
            continue
        row: dict[str, Any] = {"n": value["n"]}
        for which in ("clean", "delivered"):
            said = value[which]
            row[which] = said["share"]
            row[f"{which}_low"], row[f"{which}_high"] = said["interval"]
        yield name, row


def _judged(face: Face) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one in face.detectors:
        rows.append({"judge": one.name, "role": one.role, "score_before": one.score[0], "score_after": one.score[1],
                     "iou": one.iou})
    for judge in face.models:
        row: dict[str, Any] = {"judge": judge.name, "role": judge.role, "person": face.person}
        for key, value in vars(judge).items():
            if isinstance(value, list | tuple) and len(value) == 2:
                row[f"{key}_before"], row[f"{key}_after"] = (one["name"] if isinstance(one, dict) else one for one in value)
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Evaluated:
    """What `faceoff evaluate` wrote into a folder."""

    folder: Path
    summary: Any  #: the figures: of each variant, degradation and judge
    words: list[str]  #: the same as the command says them
    lines: list[dict[str, Any]] = field(repr=False)  #: evaluation.jsonl: a line an item and degradation

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def to_pandas(self) -> pd.DataFrame:
        """A row a judge and share: of so many faces, with intervals, clean and delivered, under each variant and
        degradation."""
        return _frame([{"variant": one["variant"], "after": one["after"], "judge": judge["name"], "role": judge["role"],
                        "measure": measure, **share}
                       for one in self.summary for judge in one["recognisers"] + one["detectors"]
                       for measure, share in _shares(judge)])


@dataclass(frozen=True)
class Comparison:
    """What `faceoff compare` says, as its --json has it."""

    by: str | None
    baseline: str
    variants: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    notes: list[str]
    resamples: int

    def to_pandas(self) -> pd.DataFrame:
        """A row a measure and variant."""
        import pandas

        rows = [{**{key: value for key, value in measure.items() if key != "rows"}, **row}
                for measure in self.measures for row in measure["rows"]]
        return pandas.json_normalize(rows)


@dataclass(frozen=True)
class DetectedFace:
    box: tuple[float, float, float, float]  #: x0 y0 x1 y1, pixels of the picture
    score: float
    landmarks: list[tuple[float, float]] | None


@dataclass(frozen=True)
class Detections:
    """The faces of one picture; none where it can't be read, which `error` then says why."""

    picture: Path
    width: int | None
    height: int | None
    faces: list[DetectedFace]
    error: str | None = None


def detections(record: dict[str, Any]) -> Detections:
    faces = [DetectedFace(tuple(one["box"]), one["score"],
                          [tuple(point) for point in one["landmarks"]] if one["landmarks"] is not None else None)
             for one in record.get("faces", [])]
    return Detections(Path(record["picture"]), record.get("width"), record.get("height"), faces, record.get("error"))


@dataclass(frozen=True)
class Person:
    """Somebody's embeddings, a row a face, [K,D], by the models that made them."""

    name: str
    photos: list[str]
    embeddings: dict[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True)
class Verified:
    """What an embedder says of two faces."""

    name: str
    cosine: float
    threshold: float | None  #: from which on they pass for one person's; None: it was not measured
    same: bool | None


@dataclass(frozen=True)
class PluginInfo:
    """A plugin that is there; `faceoff plugins NAME` says the same."""

    kind: str
    name: str
    summary: str
    file: str
    citation: str = ""
    params: list[dict[str, Any]] = field(default_factory=list)
    fields: list[str] | None = None  #: what a model provides or a loss needs; None: what its parameters say
