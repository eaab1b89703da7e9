"""Where the C++ part lies: in the package itself, or, for who works on it, in the build tree around it."""

from pathlib import Path


def installation() -> Path:
    """The folder with bin/faceoff, lib/, include/ and share/: a CMAKE_PREFIX_PATH for plugins in C++."""
    package = Path(__file__).resolve().parent
    import faceoff._faceoff as extension

    beside = Path(extension.__file__).parent
    for folder in (package, beside, beside.parents[2]):
        if (folder / "lib/faceoff/plugins").is_dir():
            return folder
    raise ImportError(f"{beside}: no lib/faceoff/plugins is beside the extension: is the package whole?")
