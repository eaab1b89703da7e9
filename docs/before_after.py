"""Draws docs/before_after.jpg from a run: before | what was changed | after, with the faces that the detector finds.

python docs/before_after.py RUN PICTURE OUT.jpg      (needs Pillow and numpy)
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PANEL_WIDTH = 480
AMPLIFIED = 12  # times, so that a change of a few grey levels can be seen at all
FOUND, LOST = (60, 220, 90), (255, 70, 70)


def panel(picture: Image.Image, faces: list[dict], when: int, caption: str) -> Image.Image:
    """The picture at the panel's width, its faces boxed: green and whole where found, red where lost."""
    scale = PANEL_WIDTH / picture.width
    small = picture.resize((PANEL_WIDTH, round(picture.height * scale)), Image.LANCZOS)
    draw = ImageDraw.Draw(small)
    for face in faces:
        found = face["score"][when] > 0.5 and (when == 0 or face["iou"] >= 0.5)
        draw.rectangle([v * scale for v in face["box"]], outline=FOUND if found else LOST, width=3)
    draw.rectangle([0, small.height - 26, small.width, small.height], fill=(20, 20, 20))
    draw.text((8, small.height - 22), caption, fill=(240, 240, 240), font=ImageFont.load_default(size=16))
    return small


def main(run: Path, name: str, out: Path) -> None:
    items = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    item = next(item for item in items if Path(item["picture"]).name == name)
    before = Image.open(item["picture"]).convert("RGB")
    after = Image.open(run / item["output"]).convert("RGB")
    difference = np.asarray(after, np.int16) - np.asarray(before, np.int16)
    change = Image.fromarray(np.clip(128 + AMPLIFIED * difference, 0, 255).astype(np.uint8))
    faces = item["faces"]
    left = sum(face["score"][1] > 0.5 and face["iou"] >= 0.5 for face in faces)
    panels = [
        panel(before, faces, 0, f"before: {len(faces)} of {len(faces)} faces found"),
        panel(change, [], 0, f"the change, {AMPLIFIED} x: at most {item['linf']} grey levels"),
        panel(after, faces, 1, f"after: {left} of {len(faces)} faces found"),
    ]
    sheet = Image.new("RGB", (PANEL_WIDTH * 3 + 8, panels[0].height), "white")
    for i, one in enumerate(panels):
        sheet.paste(one, (i * (PANEL_WIDTH + 4), 0))
    sheet.save(out, quality=85)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
