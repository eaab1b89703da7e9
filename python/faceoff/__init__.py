"""Face/Off: attacks on face detectors and recognisers, as TOML experiments or dictionaries, with plugins in C++ and Python."""

import os as _os
import sys as _sys

# How long waiting threads spin, as the program `faceoff` says it for itself (framework/src/program/spinning.cpp): OpenMP's
# library reads it when PyTorch loads it.
if "torch" not in _sys.modules and not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & _os.environ.keys():
    _os.environ["GOMP_SPINCOUNT"] = "1000"

import torch as _torch  # what the extension is linked to, loaded from PyTorch's own package

if not _torch.__version__.startswith("2.13.0"):
    raise ImportError(f"faceoff was built for PyTorch 2.13.0, and here is {_torch.__version__}: pip install torch==2.13.0")

from faceoff import _faceoff
from faceoff._installation import installation

_faceoff.installed_in(str(installation()))

from faceoff._faceoff import Budget, Objective, Random, Setup
from faceoff.api import (
    calibrate,
    check,
    compare,
    detect,
    embed,
    evaluate,
    plugins,
    presets,
    protect,
    read_picture,
    run,
    verify,
    write_picture,
)
from faceoff.errors import ConfigError, Error, FileError, MissingFile, PictureError, PluginError, Problem
from faceoff.plugin import Augmentation, Loss, Model, Optimizer, param, register
from faceoff.results import (
    Comparison,
    DetectedFace,
    Detections,
    Evaluated,
    Item,
    JudgeCount,
    Person,
    PluginInfo,
    Protected,
    Run,
    Verified,
)
from faceoff.values import Evaluation, Field, Images, Output, Reference, View

__version__: str = _faceoff.version

__all__ = [
    "Augmentation", "Budget", "Comparison", "ConfigError", "DetectedFace", "Detections", "Error", "Evaluated", "Evaluation",
    "Field", "FileError", "Images", "Item", "JudgeCount", "Loss", "MissingFile", "Model", "Objective", "Optimizer", "Output", "Person",
    "PictureError", "PluginError", "PluginInfo", "Problem", "Protected", "Random", "Reference", "Run", "Setup", "Verified",
    "View", "calibrate", "check", "compare", "detect", "embed", "evaluate", "installation", "param", "plugins", "presets",
    "protect", "read_picture", "register", "run", "verify", "write_picture",
]
