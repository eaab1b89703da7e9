"""A face as Pillow (libjpeg-turbo) compresses it without chroma subsampling, which OpenCV 4.6 can't, as jpeg/qNN_444.jpg beside
this file.

    python3 -m venv /tmp/j && /tmp/j/bin/pip install pillow==13.0.0
    /tmp/j/bin/python tests/golden/jpeg.py
"""

from pathlib import Path

from PIL import Image

here = Path(__file__).parent
with Image.open(here / "faces" / "arc00_112.png") as face:
    for quality in (50, 75, 95):
        face.convert("RGB").save(here / "jpeg" / f"q{quality}_444.jpg", quality=quality, subsampling=0)
