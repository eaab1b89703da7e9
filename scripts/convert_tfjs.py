"""Convert TensorFlow.js models into files that LibTorch reads.

    convert_tfjs.py weights       MANIFEST.json OUT.safetensors KEY=VALUE...
    convert_tfjs.py graph_weights MODEL.json    OUT.safetensors NODE[,NODE...] KEY=VALUE...
    convert_tfjs.py blazeface     MODEL.json    OUT.safetensors KEY=VALUE...
    convert_tfjs.py graph         MODEL.json    OUT.pt

`weights` keeps the manifest's tensor names and turns every tensor into PyTorch's layout.
`graph_weights` does the same with those weights of a frozen graph that the NODEs need.
`blazeface` names that network's weights, which have numbers there, by their layers: stem, blocks.N and heads.N.
`graph` turns a frozen graph, up to its embedding, into a TorchScript module from [R,3,H,W] RGB in [0,255].

The same input gives the same bytes on every machine: other files name these by their SHA-256. That is why safetensors
and TorchScript archives are written by scripts of our own: the usual writers put in paths and unordered tables.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, prod
from pathlib import Path
from typing import Any

import quiet_torch  # noqa: F401 - before torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from weight_files import write_safetensors

# ---------------------------------------------------------------------------------------------------- weights

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "int32": torch.int32,
    "uint16": torch.uint16,
    "uint8": torch.uint8,
}


def read_tensors(groups: list[dict[str, Any]], folder: Path) -> dict[str, Tensor]:
    """All tensors of a weights manifest, packed in its order without alignment; quantised ones as float32."""
    tensors: dict[str, Tensor] = {}
    for group in groups:
        data = bytearray(b"".join((folder / path).read_bytes() for path in group["paths"]))
        offset = 0
        for spec in group["weights"]:
            quantization = spec.get("quantization")
            stored = DTYPES[quantization["dtype"] if quantization else spec["dtype"]]
            count = prod(spec["shape"])
            values = torch.frombuffer(data, dtype=stored, count=count, offset=offset).reshape(spec["shape"])
            offset += count * stored.itemsize
            if quantization and "scale" in quantization:
                values = values.double() * quantization["scale"] + quantization["min"]
                if spec["dtype"] == "int32":
                    values = values.round()
            tensors[spec["name"]] = values.to(DTYPES[spec["dtype"]]).clone()
        if offset != len(data):
            raise ValueError(f"{group['paths']}: {len(data)} bytes, the manifest describes {offset}")
    return tensors


def convolution_weight(kernel: Tensor, depthwise: bool) -> Tensor:
    """TensorFlow's HWIO, or HWCM of a depthwise convolution, as PyTorch's OIHW."""
    if depthwise:
        height, width, channels, multiplier = kernel.shape
        return kernel.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width).contiguous()
    return kernel.permute(3, 2, 0, 1).contiguous()


def to_pytorch_layout(tensor: Tensor, depthwise: bool) -> Tensor:
    if tensor.dim() == 4:
        return convolution_weight(tensor, depthwise)
    return tensor.t().contiguous() if tensor.dim() == 2 else tensor


def convert_weights(manifest: Path, out: Path, metadata: dict[str, str]) -> None:
    tensors = read_tensors(json.loads(manifest.read_text()), manifest.parent)
    weights = {
        name: to_pytorch_layout(tensor, "depthwise_" in name.rsplit("/", 1)[-1])
        for name, tensor in tensors.items()
        if tensor.dtype == torch.float32  # the integers are constants of the graph, not weights
    }
    write_safetensors(out, weights, metadata)


# ---------------------------------------------------------------------------------------------------- graphs

EMBEDDING = "global_pooling/Mean"
MEAN_RGB = (123.68, 116.779, 103.939)


@dataclass
class Step:
    """One operation of the converted network, on the output of an earlier step."""

    input: str


@dataclass
class Convolution(Step):
    weight: Tensor  # float64 until all that can be folded into it is
    bias: Tensor
    stride: tuple[int, int]
    same: bool  # TensorFlow's padding: SAME or VALID
    groups: int


@dataclass
class Clamp(Step):
    low: float = -inf
    high: float = inf


@dataclass
class SpatialMean(Step):
    pass


@dataclass
class Graph:
    nodes: dict[str, dict[str, Any]]
    constants: dict[str, Tensor]
    input: str
    output: str
    steps: dict[str, Step] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)  # a node that was folded into a step -> that step's name

    def source(self, name: str) -> str:
        return self.alias.get(name, name)

    def inputs(self, node: dict[str, Any]) -> list[str]:
        return [name.split(":")[0] for name in node.get("input", []) if not name.startswith("^")]


def attribute(node: dict[str, Any], name: str) -> Any:
    value = node["attr"][name]
    if "s" in value:
        return base64.b64decode(value["s"]).decode()
    if "list" in value:
        return [int(i) for i in value["list"].get("i", [])]
    return next(iter(value.values()))


def ancestors(graph: Graph) -> list[str]:
    """The nodes that the output needs, each after its inputs; of several outputs, as "a,b", what any of them needs."""
    order: list[str] = []
    pending = [(output, False) for output in reversed(graph.output.split(","))]
    while pending:
        name, ready = pending.pop()
        if name in order:
            continue
        if ready:
            order.append(name)
            continue
        pending.append((name, True))
        pending.extend((i, False) for i in graph.inputs(graph.nodes[name]))
    return order


def read_graph(model: Path, output: str) -> Graph:
    description = json.loads(model.read_text())
    nodes = {node["name"]: node for node in description["modelTopology"]["node"]}
    placeholders = [name for name, node in nodes.items() if node["op"] == "Placeholder"]
    if len(placeholders) != 1:
        raise ValueError(f"{model.name}: {len(placeholders)} inputs, expected one")
    constants = read_tensors(description["weightsManifest"], model.parent)
    return Graph(nodes, constants, placeholders[0], output)


def convert_graph_weights(model: Path, out: Path, output: str, metadata: dict[str, str]) -> None:
    graph = read_graph(model, output)
    needed = ancestors(graph)
    reader = {name: graph.nodes[node]["op"] for node in needed for name in graph.inputs(graph.nodes[node])}
    weights = {
        name: to_pytorch_layout(tensor, reader[name] == "DepthwiseConv2dNative")
        for name, tensor in graph.constants.items()
        # Integers and single numbers (paddings, bounds) are constants of the graph, not weights.
        if name in needed and tensor.dtype == torch.float32 and tensor.numel() > 1
    }
    write_safetensors(out, weights, metadata)


def blazeface_layers(graph: Graph) -> dict[str, Sequence[str]]:
    """A layer's name -> the names of its kernel and, where it has one, of its bias."""
    nodes = [node for node in graph.nodes.values() if node["op"] in ("_FusedConv2D", "DepthwiseConv2dNative")]
    heads = {
        graph.inputs(node)[0]: node["name"].rsplit("/", 1)[-1]
        for node in graph.nodes.values()
        if node["op"] == "Reshape"
    }
    layers: dict[str, Sequence[str]] = {"stem": graph.inputs(nodes[0])[1:]}
    depthwise: dict[str, str] = {}  # what a depthwise convolution makes -> its block
    for node in nodes[1:]:
        data, *weights = graph.inputs(node)
        if node["op"] == "DepthwiseConv2dNative":
            depthwise[node["name"]] = name = f"blocks.{len(depthwise)}"
            layers[f"{name}.depthwise"] = weights
        elif data in depthwise:
            layers[f"{depthwise[data]}.pointwise"] = weights
        else:
            kind, number = heads[node["name"]].split("_")  # classificators_1, say
            layers[f"heads.{int(number) - 1}.{'scores' if kind == 'classificators' else 'boxes'}"] = weights
    return layers


def convert_blazeface(model: Path, out: Path, metadata: dict[str, str]) -> None:
    graph = read_graph(model, "")
    weights: dict[str, Tensor] = {}
    for layer, (kernel, *bias) in blazeface_layers(graph).items():
        weights[f"{layer}.weight"] = convolution_weight(graph.constants[kernel], layer.endswith(".depthwise"))
        weights |= {f"{layer}.bias": graph.constants[name] for name in bias}
    _, height, _, _ = (int(d["size"]) for d in graph.nodes[graph.input]["attr"]["shape"]["shape"]["dim"])
    write_safetensors(out, weights, metadata | {"input_size": str(height)})


def build_steps(graph: Graph) -> None:
    """Fill graph.steps, with batch norm folded into the convolutions and chains of bounds into one clamp."""
    order = ancestors(graph)
    readers = Counter(i for name in order for i in graph.inputs(graph.nodes[name]))

    def folds_into(name: str, kind: type[Step]) -> Any:
        """The step that makes `name`, where nothing else reads it and it is of this kind."""
        step = graph.steps.get(graph.source(name))
        return step if isinstance(step, kind) and readers[name] == 1 else None

    for name in order:
        node = graph.nodes[name]
        op = node["op"]
        if op in ("Const", "Placeholder"):
            continue
        data, *rest = graph.inputs(node)
        operand = graph.constants.get(rest[0]) if rest else None

        if op in ("Conv2D", "DepthwiseConv2dNative") and operand is not None:
            if attribute(node, "data_format") != "NHWC" or set(attribute(node, "dilations")) != {1}:
                raise ValueError(f"{name}: only NHWC without dilation is supported")
            weight = convolution_weight(operand.double(), op == "DepthwiseConv2dNative")
            _, *stride, _ = attribute(node, "strides")
            graph.steps[name] = Convolution(
                graph.source(data),
                weight,
                torch.zeros(len(weight), dtype=torch.float64),
                tuple(stride),
                attribute(node, "padding") == "SAME",
                operand.shape[2] if op == "DepthwiseConv2dNative" else 1,
            )
        elif op in ("Mul", "Add", "AddV2") and operand is not None and (convolution := folds_into(data, Convolution)):
            vector = operand.double().reshape(-1)
            if op == "Mul":
                convolution.weight = convolution.weight * vector.reshape(-1, 1, 1, 1)
                convolution.bias = convolution.bias * vector
            else:
                convolution.bias = convolution.bias + vector
            graph.alias[name] = graph.source(data)
        elif op == "Relu" or (op in ("Minimum", "Maximum") and operand is not None):
            clamp = folds_into(data, Clamp)
            if clamp:
                graph.alias[name] = graph.source(data)
            else:
                clamp = graph.steps[name] = Clamp(graph.source(data))
            bound = 0.0 if operand is None else operand.item()
            if op == "Minimum":
                clamp.high = min(clamp.high, bound)
            else:
                clamp.low = max(clamp.low, bound)
        elif op == "Mean" and operand is not None and operand.tolist() == [1, 2] and not attribute(node, "keep_dims"):
            graph.steps[name] = SpatialMean(graph.source(data))
        else:
            raise ValueError(f"{name}: {op} is not supported here")


def same_padding(size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> list[int]:
    """TensorFlow's SAME as F.pad wants it (width first): what is odd goes to the end."""
    padding: list[int] = []
    for n, k, s in reversed(list(zip(size, kernel, stride))):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        padding += [total // 2, total - total // 2]
    return padding


class Embedder(nn.Module):
    """[R,3,H,W] RGB in [0,255] -> [R,D]. Everything is a buffer, so no weight ever asks for a gradient."""

    def __init__(self, graph: Graph, size: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).reshape(1, 3, 1, 1))
        self.source, self.output = graph.input, graph.source(graph.output)
        self.steps: list[tuple[str, str, Callable[[Tensor], Tensor]]] = []
        sizes = {self.source: list(size)}
        for number, (name, step) in enumerate(graph.steps.items()):
            operation, sizes[name] = self.operation(number, step, sizes[step.input])
            self.steps.append((name, step.input, operation))

    def operation(self, number: int, step: Step, size: list[int]) -> tuple[Callable[[Tensor], Tensor], list[int]]:
        """What `step` does to maps of this size, and the size that they have then."""
        if isinstance(step, SpatialMean):
            return lambda x: x.mean((2, 3)), []
        if isinstance(step, Clamp):
            return lambda x: F.hardtanh(x, step.low, step.high), size
        assert isinstance(step, Convolution)
        self.register_buffer(f"weight_{number}", step.weight.float().contiguous(memory_format=torch.channels_last))
        self.register_buffer(f"bias_{number}", step.bias.float())
        kernel = step.weight.shape[2:]
        around = same_padding(size, kernel, step.stride) if step.same else [0, 0, 0, 0]
        left, right, top, bottom = around
        symmetric = left == right and top == bottom

        def convolve(x: Tensor) -> Tensor:
            weight, bias = getattr(self, f"weight_{number}"), getattr(self, f"bias_{number}")
            if symmetric:
                return F.conv2d(x, weight, bias, step.stride, (top, left), 1, step.groups)
            return F.conv2d(F.pad(x, around), weight, bias, step.stride, 0, 1, step.groups)

        padded = size[0] + top + bottom, size[1] + left + right
        return convolve, [(n - k) // s + 1 for n, k, s in zip(padded, kernel, step.stride)]

    def forward(self, images: Tensor) -> Tensor:
        values = {self.source: (images - self.mean).contiguous(memory_format=torch.channels_last)}
        for name, source, operation in self.steps:
            values[name] = operation(values[source])
        return values[self.output]


def read_embedder(model: Path) -> tuple[Embedder, tuple[int, int]]:
    """The network, and the height and width of its input."""
    graph = read_graph(model, EMBEDDING)
    _, height, width, _ = (int(d["size"]) for d in graph.nodes[graph.input]["attr"]["shape"]["shape"]["dim"])
    build_steps(graph)
    return Embedder(graph, (height, width)), (height, width)


def write_archive(path: Path, module: torch.jit.ScriptModule) -> None:
    """Save a TorchScript module without what changes from one machine to the next.

    That is the debug records (source paths) and the id that is made from them. Records keep LibTorch's alignment to
    64 bytes, so that they can be mapped.
    """
    saved = io.BytesIO()
    torch.jit.save(module, saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            if name.endswith((".debug_pkl", "/serialization_id")):
                continue
            info = zipfile.ZipInfo(name)  # 1980-01-01
            start = target.fp.tell() + 30 + len(name.encode()) + 4
            padding = -start % 64
            info.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
            target.writestr(info, source.read(name))


def convert_graph(model: Path, out: Path) -> None:
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    embedder, size = read_embedder(model)
    generator = torch.Generator().manual_seed(1)
    images = torch.rand((3, 3, *size), generator=generator) * 255
    with torch.no_grad():
        traced = torch.jit.trace(embedder.eval(), images[:1], check_trace=False)
        error = (traced(images) - embedder(images)).abs().max().item()
    if error > 1e-4:
        raise ValueError(f"{model.name}: the traced module is off by {error:.2e}")
    # The tracer names values after Python's local variables, and how it finds those depends on Python's version.
    outputs = (value for node in traced.graph.nodes() for value in node.outputs())
    for number, value in enumerate(outputs):
        value.setDebugName(f"v{number}")
    write_archive(out, traced)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["weights", manifest, out, *metadata]:
            convert_weights(Path(manifest), Path(out), dict(item.split("=", 1) for item in metadata))
        case ["graph_weights", model, out, node, *metadata]:
            convert_graph_weights(Path(model), Path(out), node, dict(item.split("=", 1) for item in metadata))
        case ["blazeface", model, out, *metadata]:
            convert_blazeface(Path(model), Path(out), dict(item.split("=", 1) for item in metadata))
        case ["graph", model, out]:
            convert_graph(Path(model), Path(out))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
