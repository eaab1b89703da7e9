"""What networks that are stored as ONNX or TFLite give in their publishers' runtimes, for the tests in tests/models.

    python3 graphs.py PACKAGES models/samples tests/golden/faces

PACKAGES has the npm packages' files in folders faceplugin and expo: see README.md beside this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

PICTURES = 6  # aligned faces, arcNN_112.png


def write(path: Path, array: np.ndarray) -> None:
    path.write_bytes(np.ascontiguousarray(array, dtype="<f4").tobytes())


def session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embeddings(packages: Path, out: Path) -> None:
    """Raw embeddings of the aligned faces. The input is lib/fr_feature.js's of the one package, and that of the
    network's authors for the other; TFLite's batch is fixed at two, so it sees every face twice."""
    faces = [np.asarray(Image.open(out / f"arc{i:02}_112.png").convert("RGB"), np.float32) for i in range(PICTURES)]
    frface = session(packages / "faceplugin/model/fr_feature.onnx")
    inputs = [((face - 127) / 128).transpose(2, 0, 1)[None] for face in faces]
    write(out / "frface.f32", np.concatenate([frface.run(None, {"input": x})[0] for x in inputs]))

    tflite = Interpreter(str(packages / "expo/android/src/main/assets/MobileFaceNet.tflite"), num_threads=1)
    tflite.allocate_tensors()
    (taken,), (given,) = tflite.get_input_details(), tflite.get_output_details()
    rows = []
    for face in faces:
        tflite.set_tensor(taken["index"], np.stack([(face - np.float32(127.5)) / 128] * 2))
        tflite.invoke()
        rows.append(tflite.get_tensor(given["index"])[:1])
    write(out / "mobilefacenet.f32", np.concatenate(rows))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    along = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    return float(along.prod() / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - along.prod()))


def best(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Above a half and the best first, none that overlaps a better one by more than a half."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] > 0.5 and all(iou(boxes[i], boxes[k]) <= 0.5 for k in kept):
            kept.append(int(i))
    return kept


def detections(packages: Path, samples: Path, out: Path) -> None:
    """Ultra-Light RFB: the photo stretched to 320 × 240 (OpenCV's resize of float32), RGB as its authors trained it."""
    detector = session(packages / "faceplugin/model/fr_detect.onnx")
    found: dict[str, Any] = {}
    for path in sorted(samples.glob("sample*.jpg")):
        photo = np.asarray(Image.open(path).convert("RGB"), np.float32)
        view = cv2.resize(photo, (320, 240), interpolation=cv2.INTER_LINEAR)
        answer = detector.run(["scores", "boxes"], {"input": ((view - 127) / 128).transpose(2, 0, 1)[None]})
        scores, boxes = answer[0][0, :, 1], answer[1][0].astype(np.float64)
        if path.stem == "sample1":
            write(out / "rfb_320_1.f32", np.concatenate([boxes * [320, 240, 320, 240], scores[:, None]], 1))
        size = np.array([photo.shape[1], photo.shape[0]] * 2)
        kept = best(boxes, scores)
        found[path.stem] = [{"score": float(scores[i]), "box": (boxes[i] * size).tolist(), "points": []} for i in kept]
    (out / "rfb_320.json").write_text(json.dumps(found) + "\n")


def main(packages: Path, samples: Path, out: Path) -> None:
    embeddings(packages, out)
    detections(packages, samples, out)


main(*(Path(argument) for argument in sys.argv[1:]))
