"""What scikit-image says of the differences that tests/attack/subject_test.cpp makes, as quality.json beside this file.

    python3 -m venv /tmp/q && /tmp/q/bin/pip install scikit-image==0.26.0 pillow && /tmp/q/bin/python tests/golden/quality.py
"""

import json
from pathlib import Path

import numpy as np
import skimage
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

GOLDEN = Path(__file__).resolve().parent


def changed(picture: np.ndarray, kind: str) -> np.ndarray:
    """In whole numbers alone, so that the test can make the same."""
    y, x, c = np.indices(picture.shape)
    value = picture.astype(int)
    if kind == "pattern":
        value = value + (7 * x + 13 * y + 5 * c) % 17 - 8
    elif kind == "square":
        value = value + np.where((x >= 10) & (x < 40) & (y >= 20) & (y < 50), 30, 0)
    elif kind == "negative":
        value = 255 - value
    elif kind == "corner":
        value = value + np.where((x < 6) & (y < 6), 60, 0)
    return value.clip(0, 255).astype(np.uint8)


def main() -> None:
    cases = []
    for file, height, width in (("crop00_224.png", 224, 224), ("crop07_150.png", 90, 150), ("crop03_150.png", 11, 40)):
        picture = np.asarray(Image.open(GOLDEN / "faces" / file).convert("RGB"))[:height, :width]
        for kind in ("pattern", "square", "negative", "corner"):
            other = changed(picture, kind)
            if (other == picture).all():
                continue
            ssim = structural_similarity(
                picture, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2
            )
            psnr = peak_signal_noise_ratio(picture, other, data_range=255)
            linf = int(np.abs(picture.astype(int) - other).max())
            cases.append({"file": file, "height": height, "width": width, "change": kind}
                         | {"linf": linf, "psnr": float(psnr), "ssim": float(ssim)})
    text = json.dumps({"tool": f"scikit-image {skimage.__version__}", "cases": cases}, indent=1)
    (GOLDEN / "quality.json").write_text(text + "\n")


main()
