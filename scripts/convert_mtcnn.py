"""Convert facenet-pytorch's three MTCNN state dicts into one safetensors file.

    convert_mtcnn.py weights FOLDER/pnet.pt OUT.safetensors KEY=VALUE...     (rnet.pt and onet.pt lie beside it)

Layers are numbered through, NET.conv1, NET.prelu1, NET.conv2 ..., and the heads are NET.face (no, yes), NET.box and, of
O-net, NET.points. Fully connected layers become the convolutions that they are. The same input gives the same bytes on
every machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import quiet_torch  # noqa: F401 - before torch
import torch
from torch import Tensor
from weight_files import write_safetensors

LAYERS = {
    "pnet": ("conv1", "conv2", "conv3"),
    "rnet": ("conv1", "conv2", "conv3", "dense4"),
    "onet": ("conv1", "conv2", "conv3", "conv4", "dense5"),
}
HEADS = {
    "pnet": {"conv4_1": "face", "conv4_2": "box"},
    "rnet": {"dense5_1": "face", "dense5_2": "box"},
    "onet": {"dense6_1": "face", "dense6_2": "box", "dense6_3": "points"},
}


def as_convolution(weight: Tensor, side: int) -> Tensor:
    """A fully connected layer on side × side positions, flattened as (x, y, channel)."""
    return weight.unflatten(1, (side, side, -1)).permute(0, 3, 2, 1) if weight.dim() == 2 else weight


def renamed(net: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    made = {}
    for number, layer in enumerate(LAYERS[net], 1):
        made[f"conv{number}.weight"] = as_convolution(state.pop(f"{layer}.weight"), 3)
        made[f"conv{number}.bias"] = state.pop(f"{layer}.bias")
        made[f"prelu{number}"] = state.pop(f"prelu{number}.weight")
    for layer, head in HEADS[net].items():
        made[f"{head}.weight"] = as_convolution(state.pop(f"{layer}.weight"), 1)
        made[f"{head}.bias"] = state.pop(f"{layer}.bias")
    if state:
        raise ValueError(f"{net}: {', '.join(state)} is not of the net as it is known")
    return {f"{net}.{name}": tensor.contiguous() for name, tensor in made.items()}


def main(arguments: list[str]) -> None:
    if len(arguments) < 3 or arguments[0] != "weights":
        sys.exit(__doc__)
    folder = Path(arguments[1]).parent
    tensors: dict[str, Tensor] = {}
    for net in LAYERS:
        tensors |= renamed(net, torch.load(folder / f"{net}.pt", map_location="cpu", weights_only=True))
    write_safetensors(Path(arguments[2]), tensors, dict(item.split("=", 1) for item in arguments[3:]))


if __name__ == "__main__":
    main(sys.argv[1:])
