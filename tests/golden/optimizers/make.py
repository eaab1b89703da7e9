"""The points that other libraries' attacks ask a tiny network about, for tests/optimizers/traces_test.cpp.

    python tests/golden/optimizers/make.py tests/golden/optimizers

torchattacks 3.5.1, foolbox 3.3.4 and adversarial-robustness-toolbox (ART) 1.20.1 attack two pictures, one at a time, in
float64. Their conventions are not ours, and are adapted here:
- They work in [0,1] and maximise a cross entropy; we work in grey levels and minimise the label's log probability (or the
  logit difference that an attack has). Points are kept as differences from the picture, in grey levels.
- Where an attack draws numbers, it is handed those that Face/Off's Random gives a row (`Numbers`, which draws from
  LibTorch's generator as framework/src/sdk/random.cpp does). Random starts are off: APGD, which always has one, gets a
  radius of 0 for it.
- torchattacks' Square never puts a square in the last row or column; here it may. It is asked no more once a picture
  passes for another class; these pictures never do.
- torchattacks' APGD takes its best point from single runs: the wrapper around them gives only what was misclassified.
- torchattacks and foolbox clip to [0,1] behind the 2-norm; we do so before, as ART does. Where it would matter the budget is
  so small that nothing is clipped.
- foolbox's Adam steps along the gradient's sign or direction; here along the gradient. Its C&W shrinks pictures by .999999
  for those at the ends of the range; none is here.
- torchattacks' SPSA asks about all points on one side of x at once; here in pairs, behind x itself.
- Adam's 1e-8 beside the gradient's size is 1e-12 where our plugins have that, since values in grey levels are small.
- foolbox's and torchattacks' C&W may stop early; they do not here.
"""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import eagerpy as ep
import foolbox
import numpy as np
import torch
import torchattacks
from art.attacks.evasion import ProjectedGradientDescentPyTorch
from art.estimators.classification import PyTorchClassifier
from foolbox.attacks import L2AdamPGD, L2CarliniWagnerAttack, L2PGD, LinfAdamPGD, LinfPGD
from foolbox.gradient_estimators import es_gradient_estimator

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
for name, module in sys.modules.items():
    if name.startswith("art.") and hasattr(module, "ART_NUMPY_DTYPE"):
        module.ART_NUMPY_DTYPE = np.float64

Points = list[torch.Tensor]
SEED, KEYS = 1, (11, 22)  # of the test's Random: a key a row
SIDE, CLASSES, KEPT = 11, 4, 7  # every seventh value of a point is kept
MASK_LEFT = 3  # the columns that may not change where there is a mask
BITS = (1 << 64) - 1


def mix(a: int, b: int) -> int:
    z = (a + 0x9E3779B97F4A7C15 * (b + 1)) & BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
    return z ^ (z >> 31)


class Numbers:
    """framework/src/sdk/random.cpp for one row in float64."""

    def __init__(self, key: int) -> None:
        self.key, self.step, self.draws = key, 0, 0

    def start_step(self, step: int) -> None:
        self.step, self.draws = step, 0

    def generator(self) -> torch.Generator:
        key = mix(mix(mix(SEED, self.key), self.step), self.draws)
        self.draws += 1
        return torch.Generator().manual_seed(key)

    def uniform(self, low: float, high: float, shape: list[int]) -> torch.Tensor:
        return torch.empty(shape).uniform_(low, high, generator=self.generator())

    def normal(self, shape: list[int]) -> torch.Tensor:
        return torch.empty(shape).normal_(0, 1, generator=self.generator())

    def corners(self, shape: list[int]) -> torch.Tensor:
        return 2.0 * torch.empty(shape, dtype=torch.int64).random_(0, 2, generator=self.generator()) - 1


class Network(torch.nn.Module):
    """A convolution and a linear layer on pictures in [0,1]; keeps what it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        numbers = Numbers(7)
        self.filters = numbers.uniform(-1, 1, [3, 3, 3, 3])
        self.linear = numbers.uniform(-0.6, 0.6, [CLASSES, 75])
        self.bias = torch.full([CLASSES], 5.0)  # all logits are positive: torchattacks' C&W takes 0 for one
        self.asked: Points = []
        self.before: Callable[[], None] = lambda: None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.before()
        self.asked.append(x.detach().clone())
        hidden = torch.tanh(torch.nn.functional.conv2d(x, self.filters, stride=2))
        return hidden.flatten(1) @ self.linear.T + self.bias


NET = Network().eval()
PICTURES = torch.cat([Numbers(key).uniform(0.1, 0.9, [1, 3, SIDE, SIDE]) for key in KEYS]).mul(255).round() / 255
LABELS = NET(PICTURES).argmax(1)


def steps_of(numbers: Numbers, evaluations: int, first: int = 0) -> Callable[[], None]:
    """To be called before each evaluation: a step has so many, after `first` before all steps."""
    count = 0

    def before() -> None:
        nonlocal count
        if count >= first and (count - first) % evaluations == 0:
            numbers.start_step((count - first) // evaluations + 1)
        count += 1

    return before


def torchattack(attack: torchattacks.attack.Attack, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    attack.set_mode_default()
    return attack.forward(x, y)


def mifgsm(x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    return torchattack(torchattacks.MIFGSM(NET, eps=40 / 255, alpha=6 / 255, steps=10, decay=0.9), x, y)


def nifgsm(x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    return torchattack(torchattacks.NIFGSM(NET, eps=40 / 255, alpha=6 / 255, steps=10, decay=0.9), x, y)


def variance(kind: type, x: torch.Tensor, y: torch.Tensor, numbers: Numbers) -> torch.Tensor:
    samples = 3
    NET.before = steps_of(numbers, samples + 1)

    def uniform(self: torch.Tensor, low: float, high: float) -> torch.Tensor:
        return numbers.uniform(low * 255, high * 255, [3, SIDE, SIDE])[None] / 255

    with mock.patch.object(torch, "randn_like", lambda like: Uniform()), mock.patch.object(Uniform, "uniform_", uniform):
        attack = kind(NET, eps=40 / 255, alpha=6 / 255, steps=5, decay=0.9, N=samples, beta=1.5)
        return torchattack(attack, x, y)


class Uniform:
    """What stands for a tensor that is filled at once."""

    def uniform_(self, low: float, high: float) -> torch.Tensor:
        raise NotImplementedError


class ApgdFromThePicture(torchattacks.APGD):
    """Its radius is 0 when it is asked for first, for the random start."""

    @property
    def eps(self) -> float:
        radius, self.radius_ = self.radius_, self.radius
        return radius

    @eps.setter
    def eps(self, radius: float) -> None:
        self.radius_, self.radius = 0.0, radius


def apgd(norm: str, radius: float, x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    return ApgdFromThePicture(NET, norm=norm, eps=radius / 255, steps=40).attack_single_run(x, y)[0]


def pgd_art(norm: float, radius: float, step: float, x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    classifier = PyTorchClassifier(NET, torch.nn.CrossEntropyLoss(), (3, SIDE, SIDE), CLASSES, clip_values=(0.0, 1.0))
    attack = ProjectedGradientDescentPyTorch(
        classifier, norm=norm, eps=radius / 255, eps_step=step / 255, max_iter=10, verbose=False
    )
    mask = np.ones((1, 3, SIDE, SIDE))
    mask[..., :MASK_LEFT] = 0
    seen: Points = []
    gradient = classifier.loss_gradient

    def loss_gradient(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        seen.append(x.detach().clone())
        return gradient(x=x, y=y)

    with mock.patch.object(classifier, "loss_gradient", loss_gradient):
        end = attack.generate(x.numpy(), y.numpy(), mask=mask)
    NET.asked = seen
    return torch.from_numpy(end)


def foolbox_attack(attack: foolbox.attacks.Attack, radius: float, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    model = foolbox.PyTorchModel(NET, bounds=(0, 1))
    NET.asked.clear()
    return attack.run(model, x, foolbox.Misclassification(y), epsilon=radius / 255)


def pgd_foolbox(kind: type, radius: float, x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    return foolbox_attack(kind(abs_stepsize=6 / 255 if kind is LinfPGD else 20 / 255, steps=10, random_start=False), radius, x, y)


def adam(kind: type, radius: float, x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    with mock.patch.object(kind, "normalize", lambda self, gradients, x, bounds: gradients):
        attack = kind(abs_stepsize=4 / 255, steps=12, random_start=False, adam_epsilon=1e-12)
        return foolbox_attack(attack, radius, x, y)


def nes(x: torch.Tensor, y: torch.Tensor, numbers: Numbers) -> torch.Tensor:
    pairs, sigma, steps = 4, 2 / 255, 6
    NET.before = steps_of(numbers, 2 * pairs + 1)
    estimating = es_gradient_estimator(LinfPGD, samples=2 * pairs, sigma=sigma, bounds=(0, 1), clip=False)

    def normal(_: ep.Tensor, shape: tuple[int, ...]) -> ep.Tensor:
        return ep.astensor(numbers.normal([3, SIDE, SIDE])[None])

    with mock.patch("foolbox.gradient_estimators.ep.normal", normal):
        end = foolbox_attack(estimating(abs_stepsize=6 / 255, steps=steps, random_start=False), 40, x, y)
    return end


def spsa(x: torch.Tensor, y: torch.Tensor, numbers: Numbers) -> torch.Tensor:
    pairs, steps = 4, 6

    def corners(self: torch.Tensor) -> torch.Tensor:
        numbers.start_step(numbers.step + 1)
        bits = [(numbers.corners([3, SIDE, SIDE]) + 1) / 2 for _ in range(pairs)]
        return self.copy_(torch.stack(bits)[:, None])

    attack = torchattacks.SPSA(
        NET, eps=40 / 255, delta=2.55 / 255, lr=6 / 255, nb_iter=steps, nb_sample=pairs, max_batch_size=pairs
    )
    exact = functools.partial(torch.optim.Adam, eps=1e-12)
    with mock.patch.object(torch.Tensor, "bernoulli_", corners), mock.patch.object(torch.optim, "Adam", exact):
        end = torchattack(attack, x, y)
    sides = zip(NET.asked[::2], NET.asked[1::2])
    NET.asked = [torch.cat([(a + b)[:1] / 2, torch.stack([a, b], 1).flatten(0, 1)]) for a, b in sides]
    return end


def square(norm: str, radius: float, x: torch.Tensor, y: torch.Tensor, numbers: Numbers) -> torch.Tensor:
    tries = 40
    attack = torchattacks.Square(NET, norm=norm, eps=radius / 255, n_queries=tries, loss="ce")
    attack.init_hyperparam(x)
    waiting: dict[str, list[torch.Tensor]] = {"places": [], "turns": [], "signs": []}

    def drawn() -> None:
        """A step's numbers, in our order."""
        numbers.start_step(numbers.step + 1)
        places, signs = numbers.uniform(0, 1, [5]), numbers.uniform(-1, 1, [3])
        waiting["places"], waiting["turns"] = list(places[:4]), [places[4]]
        waiting["signs"] = [signs.sign().view(3, 1, 1)]

    if norm == "Linf":
        waiting["signs"] = [numbers.uniform(-1, 1, [3, SIDE, SIDE])[:, :1].sign()]
    else:
        tiles = numbers.uniform(-1, 1, [25, 4])
        waiting["turns"] = list(tiles[:, 0])
        waiting["signs"] = [tile[1:].sign().view(3, 1, 1) for tile in tiles]

    def random_int(low: int = 0, high: int = 1, shape: list[int] | None = None) -> torch.Tensor:
        assert low == 0
        if not waiting["signs"]:
            drawn()
        return (waiting["places"].pop(0) * (high + 1)).long()

    def random_choice(shape: list[int]) -> torch.Tensor:
        return waiting["signs"].pop(0).expand(shape[-3:]).reshape(shape)

    def turn(shape: list[int]) -> torch.Tensor:
        assert shape == [1]
        return waiting["turns"].pop(0)[None]

    attack.random_int, attack.random_choice = random_int, random_choice
    with mock.patch.object(torch, "rand", turn):
        return attack.attack_single_run(x, y)[1]


class StepsInOneGo(int):
    """torchattacks' C&W looks after each tenth of these whether it should stop."""

    def __floordiv__(self, parts: int) -> int:
        return self + parts


def cw_torchattacks(x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    return torchattack(torchattacks.CW(NET, c=0.2, kappa=0, steps=StepsInOneGo(30), lr=0.01), x, y)


def cw_foolbox(x: torch.Tensor, y: torch.Tensor, _: Numbers) -> torch.Tensor:
    attack = L2CarliniWagnerAttack(binary_search_steps=6, steps=12, stepsize=0.05, initial_const=1e-3, abort_early=False)
    with mock.patch("foolbox.attacks.carlini_wagner._to_attack_space", lambda x, bounds: (2 * x - 1).arctanh()):
        return attack.run(foolbox.PyTorchModel(NET, bounds=(0, 1)), x, foolbox.Misclassification(y))


MOMENTUM = {"steps": 10, "step_size": 6.0, "momentum": 0.9}
VARIANCE = MOMENTUM | {"steps": 5, "variance": 3, "beta": 1.5}
# name: (who, our optimizer, its parameters, norm, epsilon, what is minimised, whether there is a mask, what runs it)
TRACES = {
    "pgd_inf_masked": ("ART", "pgd", {"steps": 10, "step_size": 6.0}, "inf", 40, "log_probability", True,
                       functools.partial(pgd_art, np.inf, 40, 6)),
    "pgd_two_masked": ("ART", "pgd", {"steps": 10, "step_size": 40.0}, "two", 120, "log_probability", True,
                       functools.partial(pgd_art, 2, 120, 40)),
    "pgd_inf": ("foolbox", "pgd", {"steps": 10, "step_size": 6.0}, "inf", 40, "log_probability", False,
                functools.partial(pgd_foolbox, LinfPGD, 40)),
    "pgd_two": ("foolbox", "pgd", {"steps": 10, "step_size": 20.0}, "two", 60, "log_probability", False,
                functools.partial(pgd_foolbox, L2PGD, 60)),
    "mifgsm": ("torchattacks", "momentum_pgd", MOMENTUM, "inf", 40, "log_probability", False, mifgsm),
    "nifgsm": ("torchattacks", "momentum_pgd", MOMENTUM | {"look_ahead": "nesterov"}, "inf", 40, "log_probability", False,
               nifgsm),
    "vmifgsm": ("torchattacks", "momentum_pgd", VARIANCE, "inf", 40, "log_probability", False,
                functools.partial(variance, torchattacks.VMIFGSM)),
    "vnifgsm": ("torchattacks", "momentum_pgd", VARIANCE | {"look_ahead": "nesterov"}, "inf", 40, "log_probability", False,
                functools.partial(variance, torchattacks.VNIFGSM)),
    "apgd_inf": ("torchattacks", "apgd", {"steps": 40, "same_draw": False}, "inf", 20, "log_probability", False,
                 functools.partial(apgd, "Linf", 20)),
    "apgd_two": ("torchattacks", "apgd", {"steps": 40, "same_draw": False}, "two", 40, "log_probability", False,
                 functools.partial(apgd, "L2", 40)),
    "adam_inf": ("foolbox", "adam", {"steps": 12, "learning_rate": 4.0}, "inf", 20, "log_probability", False,
                 functools.partial(adam, LinfAdamPGD, 20)),
    "adam_two": ("foolbox", "adam", {"steps": 12, "learning_rate": 4.0}, "two", 200, "log_probability", False,
                 functools.partial(adam, L2AdamPGD, 200)),
    "nes": ("foolbox", "nes", {"steps": 6, "step_size": 6.0, "pairs": 4, "sigma": 2.0, "momentum": 0.0}, "inf", 40,
            "log_probability", False, nes),
    "spsa": ("torchattacks", "spsa", {"steps": 6, "learning_rate": 6.0, "pairs": 4, "delta": 2.55}, "inf", 40,
             "logit_difference", False, spsa),
    "square_inf": ("torchattacks", "square", {"steps": 40, "same_draw": False}, "inf", 4, "log_probability", False,
                   functools.partial(square, "Linf", 4)),
    "square_two": ("torchattacks", "square", {"steps": 40, "same_draw": False}, "two", 60, "log_probability", False,
                   functools.partial(square, "L2", 60)),
    "carlini_wagner": ("torchattacks", "carlini_wagner", {"steps": 30, "searches": 1, "initial_c": 0.2}, "inf", 255, "hinge",
                       False, cw_torchattacks),
    "carlini_wagner_search": ("foolbox", "carlini_wagner", {"steps": 12, "searches": 6, "learning_rate": 0.05}, "inf", 255,
                              "hinge", False, cw_foolbox),
}  # fmt: skip


def main(out: Path) -> None:
    out.mkdir(exist_ok=True)
    traces = {}
    for name, (who, optimizer, parameters, norm, epsilon, minimised, masked, run) in TRACES.items():
        rows = []
        for row, key in enumerate(KEYS):
            x, y = PICTURES[row : row + 1], LABELS[row : row + 1]
            NET.asked.clear()
            NET.before = lambda: None
            end = run(x, y, Numbers(key))
            rows.append((torch.cat([*NET.asked, end.detach()]) - x).mul(255).flatten(1)[:, ::KEPT])
        points = torch.stack(rows)  # [rows, points, values]
        (out / f"{name}.f32").write_bytes(points.numpy().astype("<f4").tobytes())
        traces[name] = {
            "library": who, "optimizer": optimizer, "parameters": parameters, "norm": norm, "epsilon": epsilon,
            "minimised": minimised, "masked": masked, "points": points.shape[1],
        }  # fmt: skip
    network = {
        "pictures": PICTURES.mul(255).round().int().flatten(1).tolist(), "labels": LABELS.tolist(),
        "filters": NET.filters.flatten().tolist(), "linear": NET.linear.flatten().tolist(), "bias": NET.bias.tolist(),
    }  # fmt: skip
    shapes = {"side": SIDE, "classes": CLASSES, "kept": KEPT, "mask_left": MASK_LEFT, "seed": SEED, "keys": list(KEYS)}
    lines = [f"  {json.dumps(name)}: {json.dumps(trace)}" for name, trace in traces.items()]
    (out / "traces.json").write_text(
        '{"network": ' + json.dumps(network) + ',\n "shapes": ' + json.dumps(shapes) + ',\n "traces": {\n'
        + ",\n".join(lines) + "\n}}\n"
    )  # fmt: skip


main(Path(sys.argv[1]))
