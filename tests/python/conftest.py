"""What the tests share: a small photo with one face, and experiments that take a second."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import faceoff
from faceoff import _faceoff, plugin


def write_png(path: Path, pixels: numpy.ndarray) -> Path:
    """uint8 [H,W,3]"""
    height, width, _ = pixels.shape
    rows = numpy.concatenate([numpy.zeros((height, 1), numpy.uint8), pixels.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.tobytes())) +
                     chunk(b"IEND", b""))
    return path


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face of a sample photo."""
    whole = _faceoff.read_picture("models/samples/sample1.jpg")
    return write_png(tmp_path_factory.mktemp("photos") / "face.png", whole[300:660, 330:690])


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    """What a test registers is gone after it."""
    yield
    plugin._registered.clear()


@pytest.fixture
def experiment(photo: Path) -> dict[str, Any]:
    """Two steps against faceres, toward the other person of two; mobileface judges."""
    return {
        "name": "tried",
        "data": {"pictures": [str(photo)], "people": [str(photo), "models/samples/sample2.jpg"]},
        "models": {
            "ssd": {"plugin": "ssd_mobilenet_v1"},
            "points": {"plugin": "face_landmark_68"},
            "faceres": {"plugin": "faceres"},
            "mobileface": {"plugin": "mobileface"},
        },
        "faces": {"detector": "ssd", "landmarks": "points"},
        "attack": {"epsilon": 8, "mask": "faces", "target": {"choice": "furthest"}},
        "loss": [{"plugin": "similarity", "models": ["faceres"]}],
        "optimizer": {"plugin": "pgd", "steps": 2},
        "evaluate": {"models": ["mobileface"]},
    }


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


__all__ = ["faceoff", "sys"]
