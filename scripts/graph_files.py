"""The convolutions of a network that is stored as ONNX or TFLite, read without the packages that usually read these.

ONNX is a protocol buffer (onnx.proto), TFLite a flatbuffer (schema.fbs): of either, the few fields that convolutions
take are read here by their numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import quiet_torch  # noqa: F401 - before torch
import torch
from torch import Tensor

FLOAT32 = {"onnx": 1, "tflite": 0}


@dataclass
class Convolution:
    """One of a graph's convolutions, and the slope a channel of the PReLU behind it, where there is one."""

    weight: Tensor  # [O,I,kh,kw]
    bias: Tensor
    stride: int
    padding: str  # "same" as TensorFlow has it, "symmetric" (half of the kernel on every side) or "valid"
    dilation: int = 1
    slope: Tensor | None = None


def floats(data: bytes, shape: list[int]) -> Tensor:
    if len(data) != 4 * prod(shape):
        raise ValueError(f"{len(data)} bytes for float32 of the shape {shape}")
    return torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape).clone()


# ---------------------------------------------------------------------------------------------------- ONNX


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at this place, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """A message's fields: number and value, which for strings, messages and packed numbers is their bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}[kind]
        yield key >> 3, data[at : at + size]
        at += size


def message(value: int | bytes) -> list[tuple[int, int | bytes]]:
    assert isinstance(value, bytes)
    return list(fields(value))


def strings(parts: list[tuple[int, int | bytes]], number: int) -> list[str]:
    return [value.decode() for n, value in parts if n == number and isinstance(value, bytes)]


def numbers(parts: list[tuple[int, int | bytes]], number: int) -> list[int]:
    found: list[int] = []
    for _, value in (part for part in parts if part[0] == number):
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            found.append(one)
    return found


def initializers(graph: list[tuple[int, int | bytes]]) -> dict[str, Tensor]:
    """The float32 tensors of a graph that are stored as raw bytes."""
    tensors: dict[str, Tensor] = {}
    for parts in (message(value) for number, value in graph if number == 5):
        raw = [value for number, value in parts if number == 9 and isinstance(value, bytes)]
        if numbers(parts, 2) == [FLOAT32["onnx"]] and raw:
            tensors[strings(parts, 8)[0]] = floats(raw[0], numbers(parts, 1))
    return tensors


def onnx_padding(pads: list[int], kernel: list[int], dilation: int) -> str:
    if set(pads) == {0}:
        return "valid" if max(kernel) > 1 else "symmetric"
    if pads == [dilation * (k - 1) // 2 for k in kernel] * 2:
        return "symmetric"
    raise ValueError(f"padding {pads} of a kernel {kernel} is not supported")


def read_onnx(path: Path) -> list[Convolution]:
    graph = next(message(value) for number, value in fields(path.read_bytes()) if number == 7)
    tensors = initializers(graph)
    made: dict[str, Convolution] = {}
    for parts in (message(value) for number, value in graph if number == 1):
        inputs, outputs, op = strings(parts, 1), strings(parts, 2), strings(parts, 4)[0]
        if op == "PRelu":
            made[inputs[0]].slope = tensors[inputs[1]].flatten()
        if op != "Conv":
            continue
        attributes = {strings(a, 1)[0]: a for a in (message(value) for number, value in parts if number == 5)}
        ints = {name: numbers(a, 8) or numbers(a, 3) for name, a in attributes.items()}
        weight, (stride, *strides), (dilation, *dilations) = tensors[inputs[1]], ints["strides"], ints["dilations"]
        if strides != [stride] or dilations != [dilation] or ints["group"][0] not in (1, len(weight)):
            raise ValueError(f"{outputs[0]}: a convolution of this kind is not supported")
        padding = onnx_padding(ints["pads"], ints["kernel_shape"], dilation)
        made[outputs[0]] = Convolution(weight, tensors[inputs[2]], stride, padding, dilation)
    return list(made.values())


# ---------------------------------------------------------------------------------------------------- TFLite

OPERATIONS = {3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 18: "MUL", 41: "SUB", 101: "ABS"}


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer: its fields lie where its vtable says."""

    data: bytes
    at: int

    def field(self, number: int) -> int:
        """Where the field lies; 0: it is not there and has its default."""
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        (size,) = struct.unpack_from("<H", self.data, vtable)
        entry = 4 + 2 * number
        offset = struct.unpack_from("<H", self.data, vtable + entry)[0] if entry < size else 0
        return self.at + offset if offset else 0

    def scalar(self, number: int, kind: str, default: int = 0) -> int:
        at = self.field(number)
        return struct.unpack_from("<" + kind, self.data, at)[0] if at else default

    def target(self, at: int) -> int:
        return at + struct.unpack_from("<I", self.data, at)[0]

    def table(self, number: int) -> Table:
        return Table(self.data, self.target(self.field(number)))

    def vector(self, number: int) -> tuple[int, int]:
        """Where a vector's elements begin, and how many they are."""
        if not (at := self.field(number)):
            return 0, 0
        start = self.target(at)
        return start + 4, struct.unpack_from("<I", self.data, start)[0]

    def tables(self, number: int) -> list[Table]:
        start, count = self.vector(number)
        return [Table(self.data, self.target(start + 4 * i)) for i in range(count)]

    def ints(self, number: int) -> list[int]:
        start, count = self.vector(number)
        return list(struct.unpack_from(f"<{count}i", self.data, start))

    def bytes(self, number: int) -> bytes:
        start, count = self.vector(number)
        return self.data[start : start + count]


def read_tflite(path: Path) -> list[Convolution]:
    """PReLU is there as relu(x) + (x - |x|) * half of the slope."""
    data = path.read_bytes()
    model = Table(data, struct.unpack_from("<I", data)[0])
    codes = [max(code.scalar(0, "b"), code.scalar(3, "i")) for code in model.tables(1)]
    buffers = model.tables(4)
    (graph,) = model.tables(2)
    tensors = graph.tables(0)

    def constant(number: int) -> Tensor:
        tensor = tensors[number]
        if tensor.scalar(1, "b") != FLOAT32["tflite"]:
            raise ValueError(f"{tensor.bytes(3).decode()} is not float32")
        return floats(buffers[tensor.scalar(2, "I")].bytes(0), tensor.ints(0))

    made: dict[int, Convolution] = {}
    negative: dict[int, Convolution] = {}  # tensors that hold x - |x| of a convolution's output
    for operator in graph.tables(3):
        op = OPERATIONS.get(codes[operator.scalar(0, "I")], "")
        inputs, (output, *_) = operator.ints(1), operator.ints(2)
        if op == "SUB":
            negative[output] = made[inputs[0]]
        elif op == "MUL":
            negative[inputs[1]].slope = 2 * constant(inputs[0])
        elif op.endswith("CONV_2D"):
            options, depthwise = operator.table(4), op.startswith("DEPTHWISE")
            strides = {options.scalar(1, "i"), options.scalar(2, "i")}
            if len(strides) != 1 or options.scalar(4 if depthwise else 3, "b") != 0:
                raise ValueError(f"{tensors[output].bytes(3).decode()}: this convolution is not supported")
            # OHWI, or 1HWC of a depthwise convolution.
            weight = constant(inputs[1]).permute((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)).contiguous()
            padding = "valid" if options.scalar(0, "b") else "same"
            made[output] = Convolution(weight, constant(inputs[2]), strides.pop(), padding)
    return list(made.values())


def read_convolutions(path: Path) -> list[Convolution]:
    """In the order in which the graph computes them."""
    return (read_onnx if path.suffix == ".onnx" else read_tflite)(path)
