"""Convert the weights of facenet-pytorch's InceptionResnetV1 into a file that LibTorch reads.

    convert_facenet.py FILE OUT.safetensors

FILE is a state dict as facenet-pytorch publishes it (.pt), or a safetensors file with the same names. Every tensor that
the embedding takes has to be there, of its shape and finite; others, as the classifier's logits, are left out. The
bytes written depend on the tensors alone: other files name these by their SHA-256.
"""

from __future__ import annotations

import sys
from pathlib import Path

import quiet_torch  # noqa: F401 - before torch
from torch import Tensor
from weight_files import Refused, read, write_safetensors

# ---------------------------------------------------------------------------------------------------- the network

Shape = tuple[int, int, int, int]  # of a convolution's weight


class Shapes(dict[str, list[int]]):
    """The tensors of an embedding of this many numbers, and their shapes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution("conv2d_1a", (32, 3, 3, 3))
        self.convolution("conv2d_2a", (32, 32, 3, 3))
        self.convolution("conv2d_2b", (64, 32, 3, 3))
        self.convolution("conv2d_3b", (80, 64, 1, 1))
        self.convolution("conv2d_4a", (192, 80, 3, 3))
        self.convolution("conv2d_4b", (256, 192, 3, 3))
        small, square = (32, 256, 1, 1), (32, 32, 3, 3)
        for i in range(5):
            self.residual(f"repeat_1.{i}", [small], [small, square], [small, square, square])
        self.branches("mixed_6a", [(384, 256, 3, 3)], [(192, 256, 1, 1), (192, 192, 3, 3), (256, 192, 3, 3)])
        small = (128, 896, 1, 1)
        for i in range(10):
            self.residual(f"repeat_2.{i}", [small], [small, (128, 128, 1, 7), (128, 128, 7, 1)])
        small, square = (256, 896, 1, 1), (256, 256, 3, 3)
        self.branches("mixed_7a", [small, (384, 256, 3, 3)], [small, square], [small, square, square])
        small = (192, 1792, 1, 1)
        for name in [f"repeat_3.{i}" for i in range(5)] + ["block8"]:
            self.residual(name, [small], [small, (192, 192, 1, 3), (192, 192, 3, 1)])
        self["last_linear.weight"] = [width, 1792]
        self.norm("last_bn", width)

    def norm(self, name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            self[f"{name}.{part}"] = [channels]

    def convolution(self, name: str, shape: Shape) -> None:
        self[f"{name}.conv.weight"] = list(shape)
        self.norm(f"{name}.bn", shape[0])

    def branches(self, name: str, *branches: list[Shape]) -> None:
        for i, chain in enumerate(branches):
            for j, shape in enumerate(chain):
                self.convolution(f"{name}.branch{i}" + (f".{j}" if len(chain) > 1 else ""), shape)

    def residual(self, name: str, *branches: list[Shape]) -> None:
        self.branches(name, *branches)
        inside, outside = sum(chain[-1][0] for chain in branches), branches[0][0][1]
        self[f"{name}.conv2d.weight"] = [outside, inside, 1, 1]
        self[f"{name}.conv2d.bias"] = [outside]


def embedding_weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those that the embedding takes, checked, as float32."""
    last = tensors.get("last_linear.weight")
    shapes = Shapes(len(last) if last is not None and last.dim() == 2 else 512)
    missing = [name for name in shapes if name not in tensors]
    if missing:
        others = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        raise Refused(f"no tensor '{missing[0]}'{others}, so not the weights of facenet-pytorch's InceptionResnetV1")
    weights = {}
    for name, shape in shapes.items():
        tensor = tensors[name]
        if list(tensor.shape) != shape:
            raise Refused(f"tensor '{name}' has the shape {list(tensor.shape)}, not {shape}")
        if not tensor.is_floating_point():
            raise Refused(f"tensor '{name}' is of the type {tensor.dtype}, not floating point")
        weights[name] = tensor.detach().float().contiguous()
        if not weights[name].isfinite().all():
            raise Refused(f"tensor '{name}' has values that are not finite")
    return weights


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        sys.exit(__doc__)
    path, out = map(Path, arguments)
    try:
        write_safetensors(out, embedding_weights(read(path)), {"network": "InceptionResnetV1"})
    except Refused as error:
        sys.exit(f"{path}: {error}")
    except OSError as error:
        sys.exit(f"{error.filename or out}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
