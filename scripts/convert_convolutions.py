"""Convert networks that are stored as ONNX or TFLite into safetensors files.

    convert_convolutions.py mobilefacenet MODEL.onnx|MODEL.tflite OUT.safetensors KEY=VALUE...
    convert_convolutions.py rfb_320       MODEL.onnx               OUT.safetensors KEY=VALUE...

`mobilefacenet` names the layers stem.*, blocks.N.* and head.*; a layer has .weight, .bias and, where a PReLU follows,
.slope. How its convolutions of stride 2 pad is the file's `padding`: "same" as TensorFlow does it, or "symmetric".
`rfb_320` names them as RFB_320 below does. The same input gives the same bytes on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from graph_files import Convolution, read_convolutions
from torch import Tensor
from weight_files import write_safetensors


def mobilefacenet_layers(chain: list[Convolution]) -> Iterator[tuple[str, Convolution]]:
    """Stem, blocks and head are each a convolution, a depthwise one and a pointwise one; the stem may have no third, and
    the head a fourth."""
    rest = iter(chain)
    yield "stem.expand", next(rest)
    yield "stem.depthwise", next(rest)
    layer = next(rest)
    if layer.slope is None:
        yield "stem.project", layer
        layer = next(rest)
    block = 0
    while True:
        depthwise, project = next(rest), next(rest)
        last = depthwise.slope is None  # over the whole map
        name = "head" if last else f"blocks.{block}"
        yield from zip((f"{name}.expand", f"{name}.depthwise", f"{name}.project"), (layer, depthwise, project))
        if last:
            break
        block, layer = block + 1, next(rest)
    yield from (("head.linear", layer) for layer in rest)


def separable(name: str) -> list[str]:
    return [f"{name}.depthwise", f"{name}.pointwise"]


def body(first: int, last: int) -> list[str]:
    return [name for i in range(first, last + 1) for name in separable(f"body.{i}")]


def heads(index: int) -> list[str]:
    return [*separable(f"heads.{index}.scores"), *separable(f"heads.{index}.boxes")]


# In the order in which the graph computes them.
RFB_320 = [
    *["stem", *body(0, 5)],
    *(f"rfb.branch{branch}.{part}" for branch, parts in enumerate((3, 3, 4)) for part in range(parts)),
    *["rfb.join", "rfb.shortcut", *heads(0)],
    *[*body(6, 8), *heads(1), *body(9, 10), *heads(2)],
    *["extra.reduce", *separable("extra"), "heads.3.scores", "heads.3.boxes"],
]


def write(out: Path, layers: Iterable[tuple[str, Convolution]], metadata: dict[str, str]) -> None:
    tensors: dict[str, Tensor] = {}
    for name, layer in layers:
        tensors |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
        if layer.slope is not None:
            tensors[f"{name}.slope"] = layer.slope
    write_safetensors(out, tensors, metadata)


def convert_mobilefacenet(model: Path, out: Path, metadata: dict[str, str]) -> None:
    chain = read_convolutions(model)
    (metadata["padding"],) = {layer.padding for layer in chain if layer.stride > 1}
    write(out, mobilefacenet_layers(chain), metadata)


def convert_rfb_320(model: Path, out: Path, metadata: dict[str, str]) -> None:
    write(out, zip(RFB_320, read_convolutions(model), strict=True), metadata)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["mobilefacenet", model, out, *metadata]:
            convert_mobilefacenet(Path(model), Path(out), dict(item.split("=", 1) for item in metadata))
        case ["rfb_320", model, out, *metadata]:
            convert_rfb_320(Path(model), Path(out), dict(item.split("=", 1) for item in metadata))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
