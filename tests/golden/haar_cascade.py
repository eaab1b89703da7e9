"""What OpenCV's Python finds with its frontal face cascade on the sample photos, for tests/models/haar_cascade_test.cpp.

    python3 haar_cascade.py models tests/golden/faces
"""

import json
import sys
from pathlib import Path

import cv2

MIN_NEIGHBORS = 3  # and a factor of 1.1: OpenCV's defaults


def main(models: Path, out: Path) -> None:
    cascade = cv2.CascadeClassifier(str(models / "haarcascade_frontalface_default.xml"))
    found = {}
    for path in sorted((models / "samples").glob("sample*.jpg")):
        grey = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY)
        boxes, windows = cascade.detectMultiScale2(grey, 1.1, MIN_NEIGHBORS, minSize=(24, 24))
        rows = [[int(n), *map(int, (x, y, x + w, y + h))] for (x, y, w, h), n in zip(boxes, windows)]
        found[path.stem] = sorted(rows, reverse=True)
    (out / "haar_cascade.json").write_text(json.dumps(found) + "\n")


main(Path(sys.argv[1]), Path(sys.argv[2]))
