"""The pictures that benchmarks/speed attacks, made of the sample photos, and random weights for the network whose own are in no registry.

    speed_inputs.py OUT --photos models/samples/*.jpg --detector models/ssd_mobilenet_v1.safetensors --tensors NAMES.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from networks import random_weights
from python_pipeline import Faces, cut

PORTRAITS = 40
SIZES = ((250, 250), (512, 512))
AROUND = 2.5  # a portrait's side, in longer sides of the face's box
PHOTO = (4000, 3000)
MEGAPIXELS = (1, 2, 4, 8, 12)
FACES = (1, 2, 4, 8)
PLACES = 3  # in a row, and rows


def portraits(photos: list[Path], detector: Path) -> list[np.ndarray]:
    """Those faces of the photos that are certain, and alone, on a portrait of either size."""
    faces, certain = Faces(detector, AROUND, 0), Faces(detector, AROUND, 0, .8)

    def good(portrait: np.ndarray) -> bool:
        sizes = [cv2.resize(portrait, size, interpolation=cv2.INTER_AREA) for size in SIZES]
        return all(len(find([one])[0]) == 1 for find in (faces, certain) for one in sizes)

    cuts = [cut(photo, square, 512) for photo in map(cv2.imread, map(str, photos)) for square in faces([photo])[0]]
    found = [one for one in cuts if good(one)]
    return [found[i % len(found)] for i in range(PORTRAITS)]


def tiled(picture: np.ndarray, count: int) -> np.ndarray:
    """So many copies of it in a grey square of places."""
    places = [picture if i < count else np.full_like(picture, 128) for i in range(PLACES**2)]
    return np.vstack([np.hstack(places[row * PLACES : (row + 1) * PLACES]) for row in range(PLACES)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--detector", type=Path, required=True, help="the weights of SSD MobileNet V1")
    parser.add_argument("--tensors", type=Path, required=True, help="names and shapes of inception_resnet_v1's tensors")
    given = parser.parse_args()

    def write(name: str, picture: np.ndarray, side: tuple[int, int]) -> None:
        file = given.out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shrinks = side[0] < picture.shape[1]
        cv2.imwrite(str(file), cv2.resize(picture, side, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))

    all_of = portraits(given.photos, given.detector)
    for i, portrait in enumerate(all_of):
        write(f"portraits/{i:02}.jpg", portrait, SIZES[0])
        write(f"squares/{i:02}.png", portrait, SIZES[1])  # what the detector sees: nothing is left to resize
    write("one/00.jpg", all_of[0], SIZES[0])
    for photo in given.photos:
        write(f"photos/{photo.stem}.jpg", cv2.imread(str(photo)), PHOTO)
    for megapixels in MEGAPIXELS:
        side = round((megapixels * 1e6) ** .5)
        write(f"pixels/{megapixels}.jpg", cv2.imread(str(given.photos[0])), (side, side))
    for count in FACES:
        write(f"faces/{count}.png", tiled(all_of[0], count), (250 * PLACES, 250 * PLACES))
    random_weights(given.tensors, given.out / "inception_resnet_v1.safetensors")


if __name__ == "__main__":
    main()
