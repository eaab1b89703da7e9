"""What facenet-pytorch's MTCNN finds on the sample photos, for tests/models/mtcnn_test.cpp.

    python3 mtcnn.py models/samples tests/golden/faces
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils import detect_face
from PIL import Image

STAGES = "sample2"  # of this photo also what the nets say on the way


def listen(mtcnn: MTCNN) -> dict[str, list[torch.Tensor]]:
    """What will be heard: P-net's windows as squares and scores, the scores of R- and O-net on all that they see."""
    heard: dict[str, list[torch.Tensor]] = {"pnet": [], "rnet": [], "onet": []}
    rerec = detect_face.rerec  # all windows of P-net go through it, and later those of R-net

    def overheard(boxes: torch.Tensor) -> torch.Tensor:
        heard["pnet"].append(rerec(boxes).clone())
        return boxes

    detect_face.rerec = overheard
    mtcnn.rnet.register_forward_hook(lambda net, given, out: heard["rnet"].append(out[1][:, 1]))
    mtcnn.onet.register_forward_hook(lambda net, given, out: heard["onet"].append(out[2][:, 1]))
    return heard


def main(samples: Path, out: Path) -> None:
    torch.set_num_threads(1)
    mtcnn = MTCNN(keep_all=True, post_process=False, select_largest=False)  # best first
    found = {}
    for path in sorted(samples.glob("sample*.jpg")):
        boxes, scores, points = mtcnn.detect(Image.open(path).convert("RGB"), landmarks=True)
        found[path.stem] = [
            {"score": float(score), "box": np.float64(box).tolist(), "points": np.float64(five).tolist()}
            for box, score, five in zip(boxes, scores, points)
        ]
    (out / "mtcnn.json").write_text(json.dumps(found, indent=1) + "\n")
    heard = listen(mtcnn)
    mtcnn.detect(Image.open(samples / f"{STAGES}.jpg").convert("RGB"))
    heard["pnet"] = heard["pnet"][:1]
    for net, parts in heard.items():
        (out / f"mtcnn_{net}_{STAGES[-1]}.f32").write_bytes(torch.cat(parts).numpy().astype("<f4").tobytes())


main(Path(sys.argv[1]), Path(sys.argv[2]))
