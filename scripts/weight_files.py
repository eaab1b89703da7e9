"""Files of weights, as the scripts here read and write them: state dicts, and safetensors."""

from __future__ import annotations

import ctypes
import json
import os
import struct
import warnings
from math import prod
from pathlib import Path
from typing import Any

import quiet_torch  # noqa: F401 - before torch
import torch
from torch import Tensor

# What a file that torch.save wrote begins with: a zip archive, or a pickle of its magic number before PyTorch 1.6.
PYTORCH = (b"PK\x03\x04", b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
SAFETENSORS_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Refused(Exception):
    """What is wrong with a file; one line."""


def read_pytorch(path: Path) -> dict[str, Tensor]:
    """A state dict, or the one that a checkpoint has under "state_dict"."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it refuses it also warns about
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, and most have a page of advice to say
        if "TorchScript" in str(error):
            raise Refused("no state dict but a TorchScript file, which the plugin torchscript takes") from error
        raise Refused("no state dict: it is damaged, or holds more than tensors") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise Refused(f"no state dict: it holds a {type(state).__name__}")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise Refused(f"no state dict: its {name!r} is no tensor")
    return state


def read_safetensors(path: Path) -> dict[str, Tensor]:
    data = bytearray(path.read_bytes())
    try:
        (size,) = struct.unpack_from("<Q", data)
        tensors = {}
        for name, about in json.loads(data[8 : 8 + size]).items():
            if name == "__metadata__" or about["dtype"] not in SAFETENSORS_TYPES:
                continue
            dtype = SAFETENSORS_TYPES[about["dtype"]]
            begin, end = about["data_offsets"]
            if end - begin != prod(about["shape"]) * dtype.itemsize:
                raise ValueError(name)
            values = torch.frombuffer(data, dtype=dtype, count=prod(about["shape"]), offset=8 + size + begin)
            tensors[name] = values.reshape(about["shape"])
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("not a whole safetensors file") from error
    return tensors


def read(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(PYTORCH):
        return read_pytorch(path)
    if start[8:9] == b"{":
        return read_safetensors(path)
    raise Refused("neither a PyTorch state dict nor a safetensors file")


def as_float32(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The numbers of a state dict. Integers, such as a batch norm's count of batches, are no weights."""
    numbers = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}
    weights = {name: tensor.detach().float().contiguous() for name, tensor in numbers.items()}
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise Refused(f"tensor '{name}' has values that are not finite")
    return weights


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Float32 in the order of the names: the bytes depend on nothing but these."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    blobs: list[bytes] = []
    offset = 0
    for name, tensor in sorted(tensors.items()):
        assert tensor.dtype == torch.float32 and tensor.is_contiguous()
        blob = ctypes.string_at(tensor.data_ptr(), tensor.nbytes)
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    os.replace(draft, path)
