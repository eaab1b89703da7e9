"""Model files as people bring them, with the usual faults: make.py OUT. Needs PyTorch.

Embedders of 64 pixels, each faulty in its own way, and detectors that "find" one box.
"""

import sys
from pathlib import Path

import torch
from torch import nn

OUT = Path(sys.argv[1])
SIDE = 64


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(1), nn.Linear(128, 8))

    def forward(self, x):
        return self.body(x)


class Dictionary(Embedder):
    def forward(self, x) -> dict[str, torch.Tensor]:
        return {"features": self.body(x)}


class GoodDictionary(Embedder):
    def forward(self, x) -> dict[str, torch.Tensor]:
        return {"logits": x.mean(), "embedding": self.body(x)}


class OneInAList(Embedder):
    def forward(self, x) -> list[torch.Tensor]:
        return [self.body(x)]


class Nested(Embedder):
    def forward(self, x) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        y = self.body(x)
        return y, (y, y)


class WithNone(Embedder):
    def forward(self, x) -> tuple[torch.Tensor, None]:
        return self.body(x), None


class Squeezed(Embedder):
    def forward(self, x):
        return self.body(x).squeeze()


class HalfInside(Embedder):
    def forward(self, x):
        return self.body(x.half())


class Zeros(Embedder):
    def forward(self, x):
        return self.body(x) * 0


class Saturated(Embedder):
    """Trained on [-1, 1]; on [0, 255] its first activation says the same of everything."""

    def forward(self, x):
        return self.body(torch.tanh(x))


class OneRow(Embedder):
    def forward(self, x):
        return self.body[4](self.body[:3](x).reshape(1, -1))


class Detector(nn.Module):
    def __init__(self, box):
        super().__init__()
        self.register_buffer("box", torch.tensor([[box]]))

    def forward(self, x) -> tuple[torch.Tensor, torch.Tensor]:
        moved = x.mean((1, 2, 3)) * 1e-6
        return 0.9 + moved[:, None], self.box.expand(x.size(0), -1, -1) + moved[:, None, None]


def main():
    scripted = {"dictionary": Dictionary(), "good_dictionary": GoodDictionary(), "list": OneInAList(), "nested": Nested(),
                "none": WithNone(), "squeezed": Squeezed(), "half": HalfInside(), "zeros": Zeros(), "saturated": Saturated(),
                "detector": Detector([6.0, 13.0, 14.0, 34.0]), "detector_unit": Detector([0.1, 0.2, 0.3, 0.4]),
                "detector_turned": Detector([14.0, 34.0, 6.0, 13.0])}
    for name, module in scripted.items():
        torch.jit.script(module.eval()).save(OUT / f"{name}.pt")
    example = torch.rand(1, 3, SIDE, SIDE)
    torch.jit.trace(OneRow().eval(), example).save(OUT / "one_row.pt")
    torch.save(Embedder().state_dict(), OUT / "state_dict.pt")
    torch.save(Embedder(), OUT / "pickled.pt")
    torch.export.save(torch.export.export(Embedder().eval(), (example,)), OUT / "exported.pt2")


main()
