"""The command `faceoff`. It is the program in the package, or, where plugins in Python are named, the same within Python,
which takes PyTorch's Python side some seconds to load."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def _names_python() -> bool:
    words = [*sys.argv[1:], *os.environ.get("FACEOFF_PLUGIN_PATH", "").split(":")]
    return any(word.endswith(".py") for word in words)


def main() -> None:
    if not _names_python():
        spec = find_spec("faceoff")  # which loads nothing of it
        if spec is not None and spec.origin is not None:
            program = Path(spec.origin).parent / "bin/faceoff"
            os.execv(program, [str(program), *sys.argv[1:]])
    from faceoff.__main__ import main as within

    within()
