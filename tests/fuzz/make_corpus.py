#!/usr/bin/env python3
"""Makes what the fuzzers begin with, corpus/TARGET/*, but for what they found: tests/fuzz/make_corpus.py RUN

RUN is a run of experiments/impersonate.toml with `faceoff evaluate`, of which the first lines are taken. The experiments
and pictures of the tree, which scripts/fuzz begins with too, are not copied.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(__file__).resolve().parent / "corpus"


def put(target: str, name: str, content: bytes | str) -> None:
    file = CORPUS / target / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def answers() -> None:
    put("answers", "commas.csv", "picture,recogniser,identity,face\na.jpg,service,Ann,1\na.jpg,service,,2\n"
                                 "base/a.png,service,Bob,1\nbase/a.png,service,,2\n")
    put("answers", "semicolons.csv", "\ufeffidentity;recogniser;picture\r\n\"Ann \"\"A\"\"; Lee\";x;b.jpg\r\n")
    put("answers", "refused.csv", 'picture,recogniser,identity\na.jpg,judge,"never closed\n')


def lines(run: Path) -> None:
    def first(name: str) -> dict:
        line = json.loads((run / name).read_text().splitlines()[0])
        line["picture"] = "models/samples/sample1.jpg"
        line["faces"] = line["faces"][:1]
        return line

    put("evaluation_line", "line.json", json.dumps(first("evaluation.jsonl")))
    item = first("results.jsonl")
    failed = item | {"item": 1, "output": None, "status": "failed", "error": "a.jpg: no picture", "faces": []}
    put("results", "one.jsonl", json.dumps(item) + "\n")
    put("results", "out_of_order.jsonl", "".join(json.dumps(one) + "\n" for one in (failed, item)))
    put("results", "torn.jsonl", json.dumps(item) + "\n" + json.dumps(failed)[:100])


def tiff(*entries: tuple[int, int, int, int], after: bytes = b"", order: str = "<") -> bytes:
    """A TIFF header and one directory, whose entries are (tag, type, count, value), and what follows."""
    directory = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        whole = struct.pack(order + "H", value) + b"\0\0" if kind == 3 else struct.pack(order + "I", value)
        directory += struct.pack(order + "HHI", tag, kind, count) + whole
    return (b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08") + directory + after


def exif() -> None:
    for order, name in (("<", "little"), (">", "big")):
        put("exif", f"turned_{name}.exif", tiff((274, 3, 1, 6), after=bytes(4), order=order))
    preview = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 114, 514, 4, 1, 8, 0)
    makers_note = struct.pack("<HHHIII", 1, 37500, 7, 8, 98, 0)
    entries = ((274, 3, 1, 6), (34665, 4, 1, 80), (700, 1, 8, 106))
    put("exif", "previews.exif", tiff(*entries, after=struct.pack("<I", 50) + preview + makers_note + b"PREVIEW!" * 3))
    put("exif", "many_directories.exif", tiff((330, 4, 1, 8), after=bytes(4)))


def profiles() -> None:
    description = b"desc" + bytes(8) + b"sRGB IEC61966-2.1\0"
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + bytes(28)
    table = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII4sII", 2, b"desc", table, len(description), b"rTRC", table + len(description), len(curve))
    for space in (b"RGB ", b"GRAY"):
        header = bytearray(128)
        header[16:20], header[36:40] = space, b"acsp"
        whole = bytes(header) + tags + description + curve
        name = space.decode().strip().lower()
        put("profile", f"{name}.icc", whole)
        put("profile", f"{name}.iccp", b"ICC profile\0\0" + zlib.compress(whole))


def plugin_file() -> None:
    source = '__attribute__((section(".faceoff"), used)) const char handshake[32] = "FACEOFF";\nint f(int x) { return x; }\n'
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plugin.c").write_text(source)
        subprocess.run(["cc", "-shared", "-fPIC", "-nostdlib", "-s", "-Wl,-z,noseparate-code,-z,norelro", "-Wl,--build-id=none",
                        "plugin.c", "-o", "plugin.so"], cwd=folder, check=True)
        put("plugin_file", "plugin.so", (Path(folder) / "plugin.so").read_bytes())


def safetensors() -> None:
    def file(header: dict, data: bytes) -> bytes:
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    both = {"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
            "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}}
    put("safetensors", "both.safetensors", file(both, struct.pack("<4f3H", 1, 2, 3, 4, 1, 2, 3)))
    for kind, size in (("F64", 8), ("F16", 2), ("I64", 8), ("U8", 1)):
        put("safetensors", f"{kind.lower()}.safetensors",
            file({"a": {"dtype": kind, "shape": [], "data_offsets": [0, size]}}, bytes(size)))
    put("safetensors", "empty.safetensors", file({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}, b""))


def sets() -> None:
    put("sets", "values.txt", 'attack.epsilon=8\ndata.pictures=["a.jpg", \'b.jpg\']\nname=plain words\nloss.0.weight=.5\n')
    put("sets", "tables.txt", 'attack.target={choice="random", draw=3}\n"attack"."own photos"=true\nloss=[{plugin="l2"}]\n'
                              "loss.0.weight=2e-1\n")
    put("sets", "sweep.txt", 'sweep={"attack.epsilon"=[8, 12]}\nsweep."loss.0.area"=[true, false]\nattack.epsilon=1\n')


def experiments() -> None:
    put("experiment", "zip.toml",
        'extends = []\n[data]\npictures = ["a.jpg"]\n[models.m]\nplugin = "m"\n[faces]\ndetector = "m"\n[[loss]]\nplugin = "l"\n'
        'models = ["m"]\n[optimizer]\nplugin = "o"\n[sweep]\n"attack.epsilon" = [8, "9/255"]\n[[sweep.zip]]\nname = ["a", "b"]\n'
        '"loss.0.weight" = [1, 2]\n')


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines(Path(sys.argv[1]))
    for make in (answers, exif, profiles, plugin_file, safetensors, sets, experiments):
        make()
    pictures = ROOT / "tests/golden/pictures"
    for name in ("palette.png", "rgb_profile.jpg", "rgba.tif", "rgba.webp", "rgba.bmp"):
        (CORPUS / "picture_header").mkdir(exist_ok=True)
        shutil.copy(pictures / name, CORPUS / "picture_header" / name)


main()
