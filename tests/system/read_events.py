"""Reads event files as TensorBoard does, with its own code: read_events.py FOLDER PICTURES

Prints what FOLDER's file holds as a line of JSON: of each tag its steps and values, or the pictures' sizes. The pictures
are written to PICTURES/<tag>.png. Every event has to be the bytes that protobuf's own encoder makes of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event


def check_encoding(folder: Path) -> int:
    files = list(folder.iterdir())
    if len(files) != 1:
        sys.exit(f"{folder}: one file, not {[file.name for file in files]}")
    events = list(RawEventFileLoader(str(files[0])).Load())
    for number, bytes_read in enumerate(events):
        if Event.FromString(bytes_read).SerializeToString(deterministic=True) != bytes_read:
            sys.exit(f"{files[0]}: event {number} is not what protobuf would write")
    return len(events)


def read(folder: Path, pictures: Path) -> dict:
    everything = {"scalars": 0, "images": 0}  # 0 keeps all
    events = EventAccumulator(str(folder), size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    images = {}
    for tag in tags["images"]:
        (image,) = events.Images(tag)
        (pictures / f"{tag}.png").write_bytes(image.encoded_image_string)
        images[tag] = {"step": image.step, "width": image.width, "height": image.height}
    scalars = {tag: [[one.step, one.value] for one in events.Scalars(tag)] for tag in tags["scalars"]}
    return {"version": events.file_version, "events": check_encoding(folder), "scalars": scalars, "images": images}


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]), Path(sys.argv[2]))))
