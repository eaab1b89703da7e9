"""A folder of photos attacked as one writes it in Python: OpenCV, SSD MobileNet V1 for the faces, PGD on crops in batches.

Does for each picture what `faceoff run` does with subject "crop": reads it, finds its faces, attacks the crops of a batch of
pictures together, pastes the changes back, writes a PNG, reads that again and says whether the faces are still found and how
alike they still are. benchmarks/speed runs it in the environment that it makes.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from networks import network
from pytorch_ways import Likeness, pgd

# The square that each network sees: its side over the box's longer side, and by how much of that it lies lower.
CROPS = {"inception_resnet_v1": (1, 0), "faceres": (1.1, 0), "face_recognition": (.91, .057), "mobilefacenet": (1, 0)}


@dataclass
class Square:
    x: int
    y: int
    side: int


@dataclass
class Photo:
    name: str
    pixels: np.ndarray  # BGR
    squares: list[Square] = field(default_factory=list)


def tensor(pictures: list[np.ndarray]) -> Tensor:
    """BGR pictures of one size as RGB, [N,3,H,W]."""
    rgb = torch.from_numpy(np.stack(pictures)[:, :, :, ::-1].copy()).permute(0, 3, 1, 2)
    return rgb.float().contiguous(memory_format=torch.channels_last)


class Faces:
    """Finds them, and gives a square about each: so many times the box's longer side, and by so many of these lower."""

    def __init__(self, detector: Path, scale: float, down: float, minimum_score: float = .5) -> None:
        self.detector, self.scale, self.down = network("ssd_mobilenet_v1", detector), scale, down
        self.minimum_score = minimum_score

    def __call__(self, pictures: list[np.ndarray]) -> list[list[Square]]:
        side = self.detector.side
        with torch.no_grad():
            scores, boxes = self.detector(tensor([cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in pictures]))
        return [self.squares(*one) for one in zip(pictures, scores, boxes, strict=True)]

    def squares(self, picture: np.ndarray, score: Tensor, box: Tensor) -> list[Square]:
        certain = score > self.minimum_score
        corners, likely = box[certain].numpy(), score[certain].numpy()
        kept = cv2.dnn.NMSBoxes(np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), likely, self.minimum_score, .5)
        height, width = picture.shape[:2]
        squares = []
        for x0, y0, x1, y1 in corners[np.asarray(kept, int)] / self.detector.side * (width, height, width, height):
            longer = max(x1 - x0, y1 - y0)
            size = max(round(self.scale * longer), 1)
            squares.append(Square(round((x0 + x1 - size) / 2), round((y0 + y1 - size) / 2 + self.down * longer), size))
        return squares


def cut(picture: np.ndarray, square: Square, side: int) -> np.ndarray:
    """A square of the picture in another size; what lies beyond the picture repeats its border."""
    height, width = picture.shape[:2]
    rows = np.arange(square.y, square.y + square.side).clip(0, height - 1)
    columns = np.arange(square.x, square.x + square.side).clip(0, width - 1)
    return cv2.resize(picture[rows][:, columns], (side, side), interpolation=cv2.INTER_AREA)


class Pipeline:
    def __init__(self, name: str, weights: Path, detector: Path) -> None:
        self.embedder, self.faces = network(name, weights), Faces(detector, *CROPS[name])

    def crop(self, picture: np.ndarray, square: Square) -> np.ndarray:
        return cut(picture, square, self.embedder.side)

    @staticmethod
    def paste(picture: np.ndarray, square: Square, change: np.ndarray) -> None:
        """Adds a crop's change to the picture, where the picture is."""
        height, width = picture.shape[:2]
        large = cv2.resize(change, (square.side, square.side), interpolation=cv2.INTER_NEAREST)
        x0, y0, x1, y1 = max(square.x, 0), max(square.y, 0), min(square.x + square.side, width), min(square.y + square.side, height)
        there = picture[y0:y1, x0:x1]
        there[:] = (there + large[y0 - square.y : y1 - square.y, x0 - square.x : x1 - square.x]).round().clip(0, 255)

    def attack(self, photos: list[Photo], steps: int) -> None:
        crops = [self.crop(photo.pixels, square) for photo in photos for square in photo.squares]
        if not crops:
            return
        origin = tensor(crops)
        changed = pgd(Likeness(self.embedder, origin), origin, steps)
        changes = iter((changed - origin).permute(0, 2, 3, 1).numpy()[:, :, :, ::-1].copy())
        for photo in photos:
            for square in photo.squares:
                self.paste(photo.pixels, square, next(changes))

    def embeddings(self, picture: np.ndarray, squares: list[Square]) -> Tensor:
        with torch.no_grad():
            return self.embedder(tensor([self.crop(picture, square) for square in squares]))

    def judge(self, written: Path, photo: Photo, before: Tensor | None) -> dict[str, object]:
        """What is found in the file, and how alike its faces are to those that were there."""
        again = cv2.imread(str(written))
        found = self.faces([again])[0]
        alike = [] if before is None or not found else (self.embeddings(again, found) @ before.T).amax(1).tolist()
        return {"picture": photo.name, "faces": [vars(square) for square in photo.squares], "found": len(found), "alike": alike}

    def run(self, files: list[Path], out: Path, batch: int, steps: int) -> None:
        with (out / "results.jsonl").open("w") as results:
            for begin in range(0, len(files), batch):
                photos = [Photo(file.name, cv2.imread(str(file))) for file in files[begin : begin + batch]]
                for photo, squares in zip(photos, self.faces([photo.pixels for photo in photos]), strict=True):
                    photo.squares = squares
                before = [self.embeddings(one.pixels, one.squares) if one.squares else None for one in photos]
                self.attack(photos, steps)
                for photo, embeddings in zip(photos, before, strict=True):
                    written = out / Path(photo.name).with_suffix(".png").name
                    cv2.imwrite(str(written), photo.pixels)
                    results.write(json.dumps(self.judge(written, photo, embeddings)) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--network", choices=CROPS, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--detector", type=Path, required=True, help="the weights of SSD MobileNet V1")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--shard", default="1/1", help="I/N: every N-th picture from the I-th on")
    given = parser.parse_args()
    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    number, of = map(int, given.shard.split("/"))
    given.out.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(given.network, given.weights, given.detector)
    pipeline.run(sorted(given.pictures.iterdir())[number - 1 :: of], given.out, given.batch, given.steps)


if __name__ == "__main__":
    main()
