"""`python -m faceoff`: the command within Python, so that it knows plugins in Python (--plugin-path mine.py)."""

import sys

from faceoff import _faceoff


def main() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    _faceoff.program(sys.argv[1:])


if __name__ == "__main__":
    main()
