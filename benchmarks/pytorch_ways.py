"""The Python side of benchmarks/speed: the same attack in PyTorch and with three libraries, asked for on the standard input.

A request is a line of JSON whose "do" names one of the functions of Worker; the answer is a line of JSON. benchmarks/speed
starts it in the environment that it makes, with as many threads as OMP_NUM_THREADS says.
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from networks import NETWORKS, network

EPSILON = 8  # grey levels
GEMM_SIDE = 2048


class Likeness(nn.Module):
    """What `dodging` minimises: each face's dot product with itself as it was."""

    def __init__(self, embedder: nn.Module, origin: Tensor) -> None:
        super().__init__()
        self.embedder = embedder
        with torch.no_grad():
            self.own = nn.Parameter(embedder(origin), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return (self.embedder(x) * self.own).sum(1)


class Visible(nn.Module):
    """What `detection_vanish` minimises: −Σ log(1 − score) over all boxes."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> Tensor:
        scores, _ = self.detector(x)
        return -torch.log((1 - scores + 1e-4) / (1 + 1e-4)).sum(1)


class TwoClasses(nn.Module):
    """The same for libraries that attack classifiers: of pictures in [0,1], two classes whose first one is what is minimised.

    The cross-entropy's gradient is the value's times a number above 0, so that its sign is the same. The division keeps that
    number from vanishing.
    """

    def __init__(self, value: nn.Module) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        value = self.value(x * 255) / 100
        return torch.stack([value, torch.zeros_like(value)], 1)


def value_of(net: nn.Module, origin: Tensor) -> nn.Module:
    return Visible(net) if type(net) is NETWORKS["ssd_mobilenet_v1"] else Likeness(net, origin)


def gradient(value: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(value(x).sum(), x)[0]


def pgd(value: Callable[[Tensor], Tensor], origin: Tensor, steps: int) -> Tensor:
    """Steps of one grey level along the sign of the gradient, from a random point of the budget."""
    low, high = (origin - EPSILON).clamp_min(0), (origin + EPSILON).clamp_max(255)
    x = (origin + torch.empty_like(origin).uniform_(-EPSILON, EPSILON)).clamp(0, 255)
    for _ in range(steps):
        x = (x - gradient(value, x).sign()).clamp(low, high)
    return x


Way = Callable[[int], Any]  # runs so many steps on the batch that it was made for


def eager(value: nn.Module, origin: Tensor) -> Way:
    return lambda steps: pgd(value, origin, steps)


def compiled(value: nn.Module, origin: Tensor) -> Way:
    torch.compiler.reset()
    fast = torch.compile(value, dynamic=False)
    return lambda steps: pgd(fast, origin, steps)


def with_torchattacks(value: nn.Module, origin: Tensor) -> Way:
    import torchattacks

    model, images, labels = TwoClasses(value).eval(), origin / 255, torch.zeros(len(origin), dtype=torch.long)
    return lambda steps: torchattacks.PGD(model, eps=EPSILON / 255, alpha=1 / 255, steps=steps)(images, labels)


def with_foolbox(value: nn.Module, origin: Tensor) -> Way:
    import foolbox

    model = foolbox.PyTorchModel(TwoClasses(value).eval(), bounds=(0, 1), device="cpu")
    images, labels = origin / 255, torch.zeros(len(origin), dtype=torch.long)

    def run(steps: int) -> None:
        attack = foolbox.attacks.LinfPGD(abs_stepsize=1 / 255, steps=steps)
        attack(model, images, labels, epsilons=EPSILON / 255)

    return run


def with_art(value: nn.Module, origin: Tensor) -> Way:
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    model = PyTorchClassifier(TwoClasses(value).eval(), nn.CrossEntropyLoss(), tuple(origin.shape[1:]), 2, clip_values=(0, 1),
                              device_type="cpu")
    images, labels = (origin / 255).numpy(), np.eye(2, dtype=np.float32)[np.zeros(len(origin), int)]

    def run(steps: int) -> None:
        attack = ProjectedGradientDescentPyTorch(model, eps=EPSILON / 255, eps_step=1 / 255, max_iter=steps, num_random_init=1,
                                                 batch_size=len(origin), verbose=False)
        attack.generate(images, labels)

    return run


WAYS: dict[str, Callable[[nn.Module, Tensor], Way]] = {
    "eager": eager, "compile": compiled, "torchattacks": with_torchattacks, "foolbox": with_foolbox, "art": with_art}


def peak() -> int:
    """The most bytes that this process has had in memory since the last `forget_peak`."""
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


class Worker:
    def __init__(self) -> None:
        self.ways: dict[str, Way] = {}

    def available(self) -> list[str]:
        """torch.compile takes a C++ compiler."""
        has_compiler = any(map(shutil.which, (os.environ.get("CXX", "g++"), "c++", "clang++")))
        return [way for way in WAYS if way != "compile" or has_compiler]

    def load(self, network_name: str, weights: str, batch: int, ways: list[str]) -> None:
        """Makes ways of attacking a batch of the network's pictures, and lets each warm up."""
        net = network(network_name, Path(weights))
        torch.manual_seed(1)
        origin = torch.rand(batch, 3, net.side, net.side).mul(255).contiguous(memory_format=torch.channels_last)
        value = value_of(net, origin)
        self.ways = {way: WAYS[way](value, origin) for way in ways}
        for run in self.ways.values():
            run(2)

    def seconds(self, way: str, times: int, short: int, long: int) -> float:
        """A step on one batch, by attacks of many steps and of few, so many times."""
        spent = 0.0
        for _ in range(times):
            for steps, sign in ((short, -1), (long, 1)):
                start = time.perf_counter()
                self.ways[way](steps)
                spent += sign * (time.perf_counter() - start)
        return spent / times / (long - short)

    def peak_memory(self, way: str, steps: int) -> int:
        """Of an attack alone, in bytes: what warming up took on top does not count."""
        forget_peak()
        self.ways[way](steps)
        return peak()

    def work(self, network_name: str, weights: str) -> int:
        """Floating point operations of a step on one picture: the network and its gradient to the picture."""
        net = network(network_name, Path(weights))
        picture = torch.zeros(1, 3, net.side, net.side)
        value = value_of(net, picture)
        with FlopCounterMode(display=False) as counter:
            value(picture.requires_grad_(True)).sum().backward()
        return counter.get_total_flops()

    def gemm(self, dtype: str) -> float:
        """Floating point operations a second of a product of two square matrices: smaller ones where a product is slow."""
        side, spent = 128, 0.0
        while spent < .05 and side < GEMM_SIDE:
            side *= 2
            a, b = (torch.rand(side, side).to(getattr(torch, dtype)) for _ in range(2))
            torch.mm(a, b)
            start = time.perf_counter()
            torch.mm(a, b)
            spent = time.perf_counter() - start
        start, times = time.perf_counter(), 0
        while time.perf_counter() - start < .5:
            torch.mm(a, b)
            times += 1
        return 2 * side**3 * times / (time.perf_counter() - start)

    def difference(self, network_name: str, weights: str, file: str, count: int) -> dict[str, list[float]]:
        """By how much Face/Off's gradients and values, which benchmarks/gradients wrote down, are off eager's, a picture each.

        Beside them, by how much eager's own gradients are off those in float64: what float32 is worth.
        """
        net = network(network_name, Path(weights))
        numbers = torch.from_numpy(np.fromfile(file, np.float32))
        size = count * 3 * net.side**2
        if len(numbers) != 3 * size + count:
            raise ValueError(f"{file}: {len(numbers)} numbers, not those of {count} pictures of side {net.side}")
        origin, point, ours = (part.view(count, 3, net.side, net.side) for part in numbers[: 3 * size].split(size))
        value = value_of(net, origin)
        eagers = gradient(value, point)
        with torch.no_grad():
            values = value(point)
        exact = gradient(value_of(net.double(), origin.double()), point.double())

        def apart(these: Tensor, those: Tensor) -> list[float]:
            return ((these - those).flatten(1).norm(dim=1) / those.flatten(1).norm(dim=1)).tolist()

        return {"gradient": apart(ours, eagers), "value": ((numbers[3 * size :] - values) / values).abs().tolist(),
                "eager's gradient off float64's": apart(eagers.double(), exact)}


def main() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print, too
    worker = Worker()
    known = {name: function for name, function in inspect.getmembers(worker, inspect.ismethod) if not name.startswith("_")}
    for line in sys.stdin:
        request = json.loads(line)
        answer = known[request.pop("do")](**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
