"""Plugins in Python: classes that experiments use by name, beside those in C++ and through the same checks."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar, cast

import torch

from faceoff import _faceoff
from faceoff.errors import PluginError, told
from faceoff.values import Field, Images, Output, Reference, View

T = TypeVar("T")


class Param:
    """A declared parameter; see param()."""

    def __init__(self, default: Any, doc: str, low: float | None, high: float | None, unit: str, choices: Sequence[str],
                 file: bool) -> None:
        self.name = ""
        self.default, self.doc = default, doc
        self.low, self.high = low, high
        self.unit, self.choices, self.file = unit, tuple(choices), file

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        return self if instance is None else instance.__dict__.get(self.name, self.default)

    def __set__(self, instance: object, value: Any) -> None:
        instance.__dict__[self.name] = value


def param(default: T, doc: str, *, range: tuple[float | None, float | None] = (None, None), unit: str = "",
          choices: Sequence[str] = (), file: bool = False) -> T:
    """A parameter that experiments may set, as a class's attribute: `steps = param(10, "gradient steps", range=(1, 10000))`.

    Its type is the default's: bool, int, float, str, a list of numbers or of strings. Both ends of the range belong to it.
    `file`: it names a file, which the host finds (`setup.resolve`) and whose content counts as the value does.
    """
    return cast(T, Param(default, doc, range[0], range[1], unit, choices, file))


class Plugin:
    """What every plugin is. It is made without arguments; its parameters are set before setup()."""

    kind: ClassVar[str]
    #: what experiments call it; else the class's name, HideFace as hide_face
    name: ClassVar[str]
    #: where it is from: a paper
    citation: ClassVar[str] = ""

    def setup(self, setup: _faceoff.Setup) -> None:
        """Loads weights, and whatever else is done once."""


class Model(Plugin):
    """A detector, a landmark model or an embedder: any torch.nn.Module, as a surrogate or as a judge.

    `provides` and `view` may be properties where they depend on parameters.
    """

    kind = "model"
    provides: Field = Field.none
    view: View
    #: False: only attacks that ask for values reach it
    differentiable: bool = True

    def forward(self, images: torch.Tensor) -> Output:
        """images: [R,3,H,W] RGB in [0,255], as view says. The same images give the same answer."""
        raise NotImplementedError

    def forward_attacked(self, images: torch.Tensor, random: _faceoff.Random) -> Output:
        """The same while it is attacked, for models that change at random."""
        return self.forward(images)


class Loss(Plugin):
    """An objective on one model's output, which is minimised."""

    kind = "loss"
    needs: Field

    def __call__(self, adversarial: Output, reference: Reference) -> torch.Tensor:
        """A value a row, [R]; differentiable in the adversarial output."""
        raise NotImplementedError


class Augmentation(Plugin):
    """A random differentiable transform of a model's view, or, with at = "picture", of the whole picture."""

    kind = "augmentation"
    #: how many views of other people it wants for each row
    partners: int = 0

    def __call__(self, images: Images, random: _faceoff.Random) -> Images:
        """May return k·R rows, the copies of a row adjacent. All randomness comes from `random`, a row a row."""
        raise NotImplementedError


class Optimizer(Plugin):
    """An attack, which owns its loop."""

    kind = "optimizer"
    #: whether it goes by which of two values is lower
    compares_values: bool = False

    def run(self, objective: _faceoff.Objective, budget: _faceoff.Budget) -> torch.Tensor:
        """The best subjects it found, [B,3,H,W], within the budget."""
        raise NotImplementedError


kinds: tuple[type[Plugin], ...] = (Model, Loss, Augmentation, Optimizer)


@dataclass(frozen=True)
class Description:
    """What the host knows of a class."""

    name: str
    kind: str
    summary: str
    citation: str
    params: tuple[Param, ...]
    plugin: type[Plugin]
    origin: str
    sha256: str


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _source(plugin: type[Plugin]) -> tuple[str, str]:
    """Where a class is from, and what stands for its code: its file, for it may use all of that, else its own text."""
    file = getattr(sys.modules.get(plugin.__module__), "__file__", None)
    if file and Path(file).is_file():
        return file, hashlib.sha256(Path(file).read_bytes()).hexdigest()
    origin = f"the class {plugin.__qualname__}"
    try:
        return origin, hashlib.sha256(inspect.getsource(plugin).encode()).hexdigest()
    except (OSError, TypeError):  # it is nowhere to be read, so nobody can say that another process has the same
        return origin, hashlib.sha256(uuid.uuid4().bytes).hexdigest()


def describe(plugin: type[Plugin]) -> Description:
    """Raises PluginError where the class is no plugin."""
    if not (isinstance(plugin, type) and issubclass(plugin, kinds)):
        raise PluginError(f"{plugin!r} is no subclass of faceoff.Model, Loss, Augmentation or Optimizer")
    params = {name: one for base in reversed(plugin.__mro__) for name, one in vars(base).items() if isinstance(one, Param)}
    name = vars(plugin).get("name", _snake_case(plugin.__name__))
    summary = (inspect.cleandoc(plugin.__doc__ or "").split("\n\n")[0]).replace("\n", " ")
    origin, sha256 = _source(plugin)
    description = Description(name, plugin.kind, summary, plugin.citation, tuple(params.values()), plugin, origin, sha256)
    _faceoff.check_plugin(description)
    return description


_registered: dict[tuple[str, str], Description] = {}
_loading = False

P = TypeVar("P", bound=type[Plugin])


def register(plugin: P, *, replace: bool = False) -> P:
    """Makes a class known to every experiment of this process, by its name. Also a decorator.

    Another class of that kind and name has to be replaced knowingly, as where a notebook's cell runs again.
    """
    description = describe(plugin)
    if _loading:
        return plugin  # a file's classes are taken all together
    key = (description.kind, description.name)
    if key in _registered and not replace:
        raise PluginError(f"the {description.kind} '{description.name}' is registered already, from "
                          f"{_registered[key].origin}: register(…, replace=True) takes this one in its place")
    _registered[key] = description
    return plugin


def registered() -> list[Description]:
    """For the host."""
    return list(_registered.values())


_files: dict[str, tuple[str, ModuleType]] = {}


@contextmanager
def _loading_from(folder: Path) -> Iterator[None]:
    global _loading
    _loading = True
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _loading = False


def _module(path: Path) -> ModuleType:
    """The module of a file, made anew where the file changed."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if str(path) in _files and _files[str(path)][0] == digest:
        return _files[str(path)][1]
    name = f"faceoff_plugins_{path.stem}_{digest[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _loading_from(path.parent):
            spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PluginError(f"it can't be imported: {told(error)}") from error
    _files[str(path)] = (digest, module)
    return module


def load_file(file: str) -> list[Description]:
    """For the host: the plugins of a file, which are all of its classes that are plugins and whose names begin with no _."""
    module = _module(Path(file).resolve())
    plugins = [one for one in vars(module).values()
               if isinstance(one, type) and issubclass(one, kinds) and one.__module__ == module.__name__
               and not one.__name__.startswith("_")]
    if not plugins:
        raise PluginError("it has no subclass of faceoff.Model, Loss, Augmentation or Optimizer")
    return [describe(one) for one in dict.fromkeys(plugins)]
