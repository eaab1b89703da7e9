"""What the tests share: a small photo with one face, and experiments that take a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import faceoff
from faceoff import plugin


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face of a sample photo."""
    whole = faceoff.read_picture("models/samples/sample1.jpg")
    return faceoff.write_picture(tmp_path_factory.mktemp("photos") / "face.png", whole[300:660, 330:690])


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
