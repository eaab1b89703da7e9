"""What facenet-pytorch's InceptionResnetV1 makes of two faces, with weights that this script and
tests/models/inception_resnet_v1_test.cpp both make up by one formula. See README.md beside this file.

    python tests/golden/inception_resnet_v1.py

writes into inception_resnet_v1/ beside this file:
    tensors.json    the names and shapes of the weights
    embedding.f32   [2,512], of the middle 160×160 pixels of faces/crop00_224.png and faces/crop07_224.png, with a
                    grain: flat parts of a photo tie under max pooling, and a gradient may follow any of those that tie
    gradient.f32    every seventh value of [2,3,160,160]: the gradient of the sum of embedding × made_up("direction",
                    [2,512]) in the pixels, which are from 0 to 255
All is computed in float64.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image

GOLDEN = Path(__file__).resolve().parent
OUT = GOLDEN / "inception_resnet_v1"


def facenet_pytorch() -> type[torch.nn.Module]:
    """The class alone: the package as a whole wants torchvision."""
    spec = importlib.util.find_spec("facenet_pytorch")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    for name, path in (("facenet_pytorch", folder), ("facenet_pytorch.models", folder / "models")):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(path)]
    from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1

    return InceptionResnetV1


def uniform(name: str, count: int) -> np.ndarray:
    """Numbers in [0,1) that look random: splitmix64 of the name's FNV-1a hash and the index, its upper 24 bits."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 % 2**64
    x = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / 2**24


def made_up(name: str, shape: list[int]) -> torch.Tensor:
    """A tensor of weights: as large as keeps the signal's size through convolution, batch norm and rectifier."""
    u = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith(("bn.weight", "running_var")):
        values = 0.5 + u
    else:
        values = 0.4 * (u - 0.5)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def face(file: str) -> torch.Tensor:
    pixels = np.asarray(Image.open(GOLDEN / "faces" / file).convert("RGB"))[32:192, 32:192]
    grain = made_up(file, [3 * 160 * 160]).reshape(3, 160, 160)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).double() + grain


def write(name: str, tensor: torch.Tensor) -> None:
    (OUT / name).write_bytes(tensor.detach().numpy().astype("<f4").tobytes())


def main() -> None:
    torch.manual_seed(1)
    network = facenet_pytorch()().eval()
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items() if tensor.dim() > 0}
    network.load_state_dict({name: made_up(name, shape) for name, shape in shapes.items()}, strict=False)
    network.double()

    pixels = torch.stack([face("crop00_224.png"), face("crop07_224.png")]).requires_grad_(True)
    embedding = network((pixels - 127.5) / 128)  # as its fixed_image_standardization does
    direction = made_up("direction", [2, 512]).double()
    (gradient,) = torch.autograd.grad((embedding * direction).sum(), pixels)

    OUT.mkdir(exist_ok=True)
    lines = (f"{json.dumps(name)}: {json.dumps(shape)}" for name, shape in sorted(shapes.items()))
    (OUT / "tensors.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    write("embedding.f32", embedding)
    write("gradient.f32", gradient.flatten()[::7])


main()
