"""What people call: the commands of `faceoff`, in this process."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from faceoff import _faceoff
from faceoff._installation import installation
from faceoff.errors import ConfigError, Error
from faceoff.progress import Told
from faceoff.results import (
    Comparison,
    Detections,
    Evaluated,
    Person,
    PluginInfo,
    Protected,
    Run,
    Verified,
    detections,
    protected,
)

if TYPE_CHECKING:
    import numpy

PathLike = str | os.PathLike[str]
Paths = PathLike | Iterable[PathLike]

_one_at_a_time = threading.Lock()


@contextmanager
def _told(progress: bool | None) -> Iterator[Told]:
    """The host's state is the process's, so calls of it don't overlap."""
    if not _one_at_a_time.acquire(blocking=False):
        raise Error("a call of faceoff is under way in this process: it does one at a time")
    told = Told(progress)
    try:
        yield told
    finally:
        told.end()
        _one_at_a_time.release()


def _paths(paths: Paths) -> list[str]:
    return [os.fspath(paths)] if isinstance(paths, str | os.PathLike) else [os.fspath(one) for one in paths]


def _toml(value: Any) -> str:
    """A value as TOML, in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, os.PathLike):
        return _toml(os.fspath(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()


def _plain(value: Any) -> Any:
    """What tomli_w takes: paths as strings, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _extended(text: str) -> None:
    """A text lies in no folder from which another experiment could be found."""
    try:
        named = tomllib.loads(text).get("extends", [])
    except tomllib.TOMLDecodeError:
        return  # which the host tells with its place
    for one in [named] if isinstance(named, str) else named:
        if isinstance(one, str) and not Path(one).is_absolute():
            raise ConfigError(f"experiment.toml: 'extends' names {one}: an experiment that is no file has no folder, so say "
                              "the whole path")


@contextmanager
def _experiment_file(experiment: Mapping[str, Any] | PathLike) -> Iterator[tuple[str, str]]:
    """The experiment as a file, and what it is called."""
    if isinstance(experiment, str) and "\n" not in experiment and ("=" not in experiment or Path(experiment).exists()):
        preset = presets().get(experiment)
        experiment = preset if preset is not None and not Path(experiment).exists() else Path(experiment)
    if isinstance(experiment, os.PathLike):
        yield os.fspath(experiment), os.fspath(experiment)
        return
    text = experiment if isinstance(experiment, str) else tomli_w.dumps(_plain(experiment))
    _extended(text)
    with tempfile.TemporaryDirectory(prefix="faceoff-") as folder:
        file = Path(folder) / "experiment.toml"
        file.write_text(text, encoding="utf-8")
        try:
            yield str(file), file.name
        except Error as error:
            raise type(error)(str(error).replace(str(file), file.name)) from error.__cause__


@contextmanager
def _asked(experiment: Mapping[str, Any] | PathLike, pictures: Paths | None, set: Mapping[str, Any] | None,
           plugin_path: Paths) -> Iterator[_faceoff.RunCall]:
    asked = _faceoff.RunCall()
    with _experiment_file(experiment) as (file, name):
        asked.experiment = file
        values = dict(set or {})
        if pictures is not None:
            values["data.pictures"] = _paths(pictures)
        asked.sets = [f"{key}={_toml(value)}" for key, value in values.items()]
        asked.plugin_paths = _paths(plugin_path)
        asked.args = [name, *(word for one in asked.sets for word in ("--set", one)),
                      *(word for one in asked.plugin_paths for word in ("--plugin-path", one))]
        yield asked


def run(experiment: Mapping[str, Any] | PathLike, *, pictures: Paths | None = None, set: Mapping[str, Any] | None = None,
        out: PathLike | None = None, resume: bool = False, plugin_path: Paths = (), progress: bool | None = None) -> Run:
    """Attacks pictures as an experiment says, and returns what came of it.

    experiment: a TOML file, the TOML itself, a dictionary of the same shape, or the name of a preset.
    pictures: in place of the experiment's [data] pictures. set: values in place of the experiment's, by dotted key.
    out: the run's folder, absent or empty; else one is made in runs/. resume: go on with what is in it.
    plugin_path: folders of plugins, and Python files. progress: whether a bar is shown (tqdm); None: in notebooks and on
    terminals.

    Items that fail are in Run.failed. Ctrl-C leaves at the next call of a plugin: what is saved is in the run's folder.
    """
    with _told(progress) as told, _asked(experiment, pictures, set, plugin_path) as asked:
        asked.out = None if out is None else os.fspath(out)
        asked.resume = resume
        folder, _, _ = _faceoff.run(asked, told)
    return Run.read(folder)


def check(experiment: Mapping[str, Any] | PathLike, *, pictures: Paths | None = None, set: Mapping[str, Any] | None = None,
          plugin_path: Paths = ()) -> list[tuple[str, Path]]:
    """Builds and checks all that a run needs, writes nothing, and lists its items: variant and picture."""
    with _told(False) as told, _asked(experiment, pictures, set, plugin_path) as asked:
        listed = _faceoff.check(asked, told)
    pairs = (line.split("\t", 1) for line in listed.splitlines())
    return [(variant, Path(picture)) for variant, picture in pairs]


class _Arguments(list[str]):
    """A command line."""

    def option(self, name: str, value: Any) -> None:
        """Of None and False there is none; of a list one each."""
        if value is None or value is False:
            return
        if value is True:
            self.append(name)
        elif isinstance(value, list | tuple):
            for one in value:
                self.option(name, one)
        else:
            self.append(f"{name}={os.fspath(value) if isinstance(value, os.PathLike) else value}")

    def models(self, set: Mapping[str, Any] | None, plugin_path: Paths) -> None:
        self.option("--set", [f"{key}={_toml(value)}" for key, value in (set or {}).items()])
        self.option("--plugin-path", _paths(plugin_path))

    def portraying(self, model: str | Sequence[str], detector: str, landmarks: str, minimum_score: float,
                   set: Mapping[str, Any] | None, plugin_path: Paths) -> None:
        """How faces are found and embedded."""
        for name, value in (("--model", _names(model)), ("--detector", detector), ("--landmarks", landmarks),
                            ("--minimum-score", minimum_score)):
            self.option(name, value)
        self.models(set, plugin_path)

    def operands(self, values: Sequence[str]) -> None:
        self.append("--")
        self.extend(values)


def _names(models: str | Sequence[str]) -> list[str]:
    return [models] if isinstance(models, str) else list(models)


def detect(pictures: Paths, *, model: str = "ssd_mobilenet_v1", landmarks: str | None = "face_landmark_68",
           minimum_score: float = 0.5, padded: bool = False, set: Mapping[str, Any] | None = None,
           plugin_path: Paths = ()) -> list[Detections]:
    """The faces of pictures, folders or patterns. What can't be read has its `error`."""
    args = _Arguments(["detect"])
    args.option("--model", model)
    args.option("--landmarks", landmarks or "none")
    args.option("--minimum-score", minimum_score)
    args.option("--padded", padded)
    args.models(set, plugin_path)
    args.operands(_paths(pictures))
    with _told(False) as told:
        _, printed = _faceoff.call(args, told)
    return [detections(one) for one in json.loads(printed)["pictures"]]


def embed(pictures: Paths, *, model: str | Sequence[str] = (), detector: str = "ssd_mobilenet_v1",
          landmarks: str = "face_landmark_68", minimum_score: float = 0.5, set: Mapping[str, Any] | None = None,
          plugin_path: Paths = (), progress: bool | None = None) -> list[Person]:
    """The embeddings of people: of a folder with a folder a person each photo's best face, of pictures each face.

    model: embedders; none: all whose weights are there.
    """
    import numpy

    args = _Arguments(["embed"])
    args.portraying(model, detector, landmarks, minimum_score, set, plugin_path)
    args.operands(_paths(pictures))
    with _told(progress) as told:
        _, printed = _faceoff.call(args, told)
    return [Person(one["name"], one["photos"],
                   {name: numpy.array(rows, numpy.float32) for name, rows in one["embeddings"].items()})
            for one in json.loads(printed)["people"]]


def verify(a: PathLike, b: PathLike, *, model: str | Sequence[str] = (), false_accept_rate: float = 1e-3,
           detector: str = "ssd_mobilenet_v1", landmarks: str = "face_landmark_68", minimum_score: float = 0.5,
           set: Mapping[str, Any] | None = None, plugin_path: Paths = ()) -> list[Verified]:
    """Whether two pictures show the same person: each one's best face, compared by each embedder."""
    args = _Arguments(["verify", "--json"])
    args.option("--false-accept-rate", false_accept_rate)
    args.portraying(model, detector, landmarks, minimum_score, set, plugin_path)
    args.operands([os.fspath(a), os.fspath(b)])
    with _told(False) as told:
        _, printed = _faceoff.call(args, told)
    return [Verified(**one) for one in json.loads(printed)["models"]]


def calibrate(people: PathLike, *, model: str | Sequence[str] = (), out: PathLike | None = None,
              detector: str = "ssd_mobilenet_v1", landmarks: str = "face_landmark_68", minimum_score: float = 0.5,
              set: Mapping[str, Any] | None = None, plugin_path: Paths = (),
              progress: bool | None = None) -> dict[str, dict[str, Any]]:
    """What embedders' cosines are worth, by their names: accuracy, AUC and thresholds from all pairs of the faces of a folder
    with a folder a person. Later calls use the thresholds, which are kept beside the weights, or in `out`."""
    args = _Arguments(["calibrate", "--json"])
    args.option("--people", people)
    args.option("--out", out)
    args.portraying(model, detector, landmarks, minimum_score, set, plugin_path)
    with _told(progress) as told:
        _, printed = _faceoff.call(args, told)
    measured: dict[str, dict[str, Any]] = json.loads(printed)
    return measured


def evaluate(what: Run | PathLike, *, after: str | Sequence[str] = (), model: str | Sequence[str] = (),
             people: PathLike | None = None, detector: str | None = None, landmarks: str | None = None,
             minimum_score: float | None = None, device: str | None = None, answers: PathLike | None = None,
             clean: PathLike | None = None, attacked: str | Sequence[str] = (), target: str | None = None,
             out: PathLike | None = None, set: Mapping[str, Any] | None = None, plugin_path: Paths = (),
             progress: bool | None = None) -> Evaluated:
    """What recognisers and detectors make of a run's delivered pictures, or of a folder's (with `clean`, the pictures as they
    were, and `out`), and of the clean ones beside them. Writes the report into the run's folder, or into `out`."""
    folder = what.folder if isinstance(what, Run) else Path(what)
    args = _Arguments(["evaluate", "--json"])
    for name, value in (("--after", _names(after)), ("--model", _names(model)), ("--people", people),
                        ("--detector", detector), ("--landmarks", landmarks), ("--minimum-score", minimum_score),
                        ("--device", device), ("--answers", answers), ("--clean", clean), ("--attacked", _names(attacked)),
                        ("--target", target), ("--out", out)):
        args.option(name, value)
    args.models(set, plugin_path)
    args.operands([str(folder)])
    with _told(progress) as told:
        _, printed = _faceoff.call(args, told)
    written = folder if out is None else Path(out)
    text = (written / "evaluation.jsonl").read_text(encoding="utf-8")
    return Evaluated(written, json.loads(printed), told.words, [json.loads(line) for line in text.splitlines()])


def compare(*runs: Run | PathLike, by: str | None = None, baseline: str | None = None,
            false_accept_rate: float | None = None) -> Comparison:
    """Whether it mattered what runs and their variants did differently, pair by pair."""
    args = _Arguments(["compare", "--json"])
    args.option("--by", by)
    args.option("--baseline", baseline)
    args.option("--false-accept-rate", false_accept_rate)
    args.operands([str(one.folder if isinstance(one, Run) else one) for one in runs])
    with _told(False) as told:
        _, printed = _faceoff.call(args, told)
    return Comparison(**json.loads(printed))


def protect(photos: Paths, *, out: PathLike | None = None, strength: str = "mid", against: str = "recognisers",
            target: str | None = None, gallery: PathLike | None = None, keep_metadata: bool = False,
            set: Mapping[str, Any] | None = None, plugin_path: Paths = (), progress: bool | None = None) -> list[Protected]:
    """Changes photos so that recognisers do not know the people on them again: the command `faceoff protect`.

    out: the folder for what is delivered; else each lies beside its photo. strength: "low", "mid" or "high". against:
    "recognisers", "detectors" or "both". target: somebody of `gallery`, a folder of photos a person, whom the faces are to be
    taken for. Nothing is overwritten, and what is done already is not done again.
    """
    args = _Arguments(["protect", "--json"])
    for name, value in (("--out", out), ("--strength", strength), ("--from", against), ("--as", target),
                        ("--gallery", gallery), ("--keep-metadata", keep_metadata)):
        args.option(name, value)
    args.models(set, plugin_path)
    args.operands(_paths(photos))
    with _told(progress) as told:
        _, printed = _faceoff.call(args, told)
    return [protected(one) for one in json.loads(printed)["photos"]]


def plugins(name: str | None = None, *, plugin_path: Paths = ()) -> list[PluginInfo]:
    """The plugins that are there, in C++ and in Python; of one that is named all that is known."""
    args = _Arguments(["plugins", "--json"])
    args.option("--plugin-path", _paths(plugin_path))
    if name is not None:
        args.operands([name])
    with _told(False) as told:
        _, printed = _faceoff.call(args, told)
    return [PluginInfo(one["kind"], one["name"], one["summary"], one["file"], one.get("citation", ""), one.get("params", []),
                       one.get("provides", one.get("needs")))
            for one in json.loads(printed)["plugins"]]


def presets() -> dict[str, Path]:
    """The experiments that come with the package, by name."""
    folder = installation() / "share/faceoff/experiments"
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def read_picture(picture: PathLike) -> numpy.ndarray:
    """A picture's pixels, uint8 [H,W,3] RGB, upright, as Face/Off sees them."""
    return _faceoff.read_picture(os.fspath(picture))


def write_picture(picture: PathLike, pixels: numpy.ndarray) -> Path:
    """Writes pixels, uint8 [H,W,3] RGB, as a PNG, and returns its path."""
    path = Path(picture)
    if path.suffix != ".png":
        raise ConfigError(f"{path}: a PNG is written, so name it .png")
    _faceoff.write_picture(str(path), pixels)
    return path
