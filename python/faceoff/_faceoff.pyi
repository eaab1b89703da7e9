from collections.abc import Iterator
from typing import NoReturn

import numpy
import torch

from faceoff.plugin import Description
from faceoff.progress import Told
from faceoff.values import Evaluation

version: str

class Setup:
    """Where and in what precision a plugin works, and where its files are."""

    @property
    def device(self) -> torch.device: ...
    @property
    def dtype(self) -> torch.dtype: ...
    def resolve(self, name: str) -> str:
        """The file that a name means: as given, else where the weights are. Raises MissingFile."""

class Random:
    """Random numbers, a row a row: they depend on seed, picture and step alone. Good for one call of a plugin."""

    @property
    def rows(self) -> int: ...
    def uniform(self, low: float, high: float, *row: int) -> torch.Tensor:
        """[R,row…] in [low, high)"""
    def normal(self, mean: float, deviation: float, *row: int) -> torch.Tensor: ...
    def integers(self, low: int, high: int, *row: int) -> torch.Tensor:
        """[R,row…] in [low, high]"""

class Steps:
    def __iter__(self) -> Iterator[int]: ...
    def __next__(self) -> int: ...

class Objective:
    """What an optimizer minimises. Rows of x are subjects, [k·B,3,H,W]. `again`: with the random numbers of the evaluation
    before in this step. Good for one call of a plugin."""

    def steps(self, n: int) -> Steps:
        """for step in objective.steps(n): the loop of every attack."""
    def value_and_grad(self, x: torch.Tensor, again: bool = False) -> Evaluation: ...
    def evaluate(self, x: torch.Tensor, again: bool = False) -> Evaluation:
        """The same without the gradient, for models that have none."""
    def value(self, x: torch.Tensor, again: bool = False) -> torch.Tensor: ...
    def reached(self, x: torch.Tensor) -> torch.Tensor:
        """[k·B] bool: the goal is met."""

class Budget:
    """How far a subject may move."""

    @property
    def origin(self) -> torch.Tensor: ...
    @property
    def mask(self) -> torch.Tensor: ...
    @property
    def epsilon(self) -> float: ...
    @property
    def norm(self) -> str: ...
    def project(self, x: torch.Tensor) -> torch.Tensor:
        """The nearest point of the budget."""
    def random_point(self, objective: Objective) -> torch.Tensor:
        """Where an attack may start."""
    def direction(self, gradient: torch.Tensor) -> torch.Tensor:
        """The way along which a step of length 1 changes the objective most."""
    def excess(self, x: torch.Tensor) -> torch.Tensor:
        """[k·B] by how much each row breaks the budget, in grey levels."""

class RunCall:
    args: list[str]
    experiment: str
    sets: list[str]
    plugin_paths: list[str]
    out: str | None
    resume: bool

def installed_in(folder: str) -> None: ...
def check_plugin(description: Description) -> None: ...
def call(args: list[str], told: Told) -> tuple[int, str]: ...
def run(asked: RunCall, told: Told) -> tuple[str, int, int]: ...
def check(asked: RunCall, told: Told) -> str: ...
def program(args: list[str]) -> NoReturn: ...
def read_picture(file: str) -> numpy.ndarray: ...
def write_picture(file: str, pixels: numpy.ndarray) -> None: ...
