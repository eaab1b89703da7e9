"""detect, embed, evaluate, compare and plugins."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy
import pytest
import torch

import faceoff


def test_detect_finds_the_face(photo, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    seen = faceoff.detect([photo, broken])
    assert (seen[0].width, seen[0].height, len(seen[0].faces)) == (360, 360, 1)
    assert seen[0].faces[0].score > 0.5 and len(seen[0].faces[0].landmarks) == 68
    assert seen[1].faces == [] and "broken.png" in seen[1].error
    assert faceoff.detect(photo, landmarks=None)[0].faces[0].landmarks is None


def test_embeddings_are_arrays_of_unit_length(photo):
    people = faceoff.embed(photo, model="mobileface")
    rows = people[0].embeddings["mobileface"]
    assert rows.dtype == numpy.float32 and rows.ndim == 2
    assert numpy.allclose(numpy.linalg.norm(rows, axis=1), 1, atol=1e-3)


def test_a_photo_is_of_the_same_person_as_itself(photo):
    said = faceoff.verify(photo, photo, model=["mobileface"])[0]
    assert said.same and said.cosine > 0.999 and said.threshold < 1


def test_a_model_in_python_is_calibrated(tmp_path):
    (tmp_path / "halves.bin").write_bytes(b"halves")

    @faceoff.register
    class Halves(faceoff.Model):
        """Looks at the picture's halves."""

        provides = faceoff.Field.embedding
        view = faceoff.View(32, 32, "box")
        weights = faceoff.param(str(tmp_path / "halves.bin"), "a file", file=True)

        def forward(self, images):
            rows = torch.nn.functional.adaptive_avg_pool2d(images - 127.5, 4).flatten(1)
            return faceoff.Output(embedding=torch.nn.functional.normalize(rows))

    whole = faceoff.read_picture("models/samples/sample1.jpg")
    for name, box in {"a": (300, 330), "b": (360, 760)}.items():
        for shift in (0, 8):
            (tmp_path / "people" / name).mkdir(parents=True, exist_ok=True)
            y, x = box[0] + shift, box[1] + shift
            faceoff.write_picture(tmp_path / "people" / name / f"{shift}.png", whole[y : y + 360, x : x + 360])
    measured = faceoff.calibrate(tmp_path / "people", model="halves")
    assert set(measured) == {"halves"} and "accuracy" in (tmp_path / "halves.toml").read_text()


def test_an_unknown_model_is_refused_with_a_suggestion(photo):
    with pytest.raises(faceoff.ConfigError, match="mobileface"):
        faceoff.embed(photo, model="mobilefac")


def test_evaluate_and_compare_a_sweep(experiment, out):
    run = faceoff.run(experiment | {"sweep": {"attack.epsilon": [2, 8]}}, out=out)
    seen = faceoff.evaluate(run, after=["png"])
    assert seen.folder == out and seen.report.exists() and len(seen.lines) == 2
    shares = seen.to_pandas().set_index(["variant", "judge", "measure"])
    assert shares.loc[("epsilon=8", "mobileface", "not_found"), "n"] == 1
    assert shares.loc[("epsilon=2", "ssd", "found"), "clean"] == 1
    compared = faceoff.compare(run, by="epsilon")
    assert compared.by == "attack.epsilon" and len(compared.variants) == 2
    assert len(compared.to_pandas()) > 0


def test_plugins_in_cpp_are_listed():
    names = {(one.kind, one.name) for one in faceoff.plugins()}
    assert {("optimizer", "pgd"), ("loss", "similarity"), ("model", "faceres")} <= names
    pgd = faceoff.plugins("pgd")[0]
    assert {one["name"]: one["default"] for one in pgd.params}["steps"] == 40


def test_a_call_within_a_call_is_refused(experiment, out):
    @faceoff.register
    class Nested(faceoff.Optimizer):
        """Calls faceoff."""

        def run(self, objective, budget):
            faceoff.plugins()
            return budget.origin

    experiment["optimizer"] = {"plugin": "nested"}
    run = faceoff.run(experiment, out=out)
    assert "one at a time" in run.failed[0].error


def test_pixels_are_written_and_read_as_they_are(tmp_path):
    pixels = numpy.random.default_rng(1).integers(0, 256, (9, 7, 3), numpy.uint8)
    file = faceoff.write_picture(tmp_path / "noise.png", pixels)
    assert numpy.array_equal(faceoff.read_picture(file), pixels)
    assert numpy.array_equal(faceoff.read_picture(faceoff.write_picture(file, pixels[::2, ::-1])), pixels[::2, ::-1])
    with pytest.raises(ValueError, match="uint8"):
        faceoff.write_picture(file, pixels / 255)
    with pytest.raises(faceoff.ConfigError, match="png"):
        faceoff.write_picture(tmp_path / "noise.jpg", pixels)


def test_the_command_knows_plugins_in_python_and_holds_them_to_their_promises():
    file = str(Path(__file__).parent / "again.py")
    checked = subprocess.run([sys.executable, "-m", "faceoff", "plugins", "check", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {"model averages", "loss similarity_again", "optimizer pgd_again", "augmentation noise_again"} <= set(
        checked.stdout.splitlines())
    with pytest.raises(faceoff.ConfigError, match="did you mean 'averages'"):
        faceoff.plugins("averagess", plugin_path=file)


def test_protect_delivers_beside_the_photo_once(photo, tmp_path):
    again = {"out": tmp_path / "out", "set": {"optimizer.steps": 1}}
    first = faceoff.protect(photo, **again)[0]
    assert first.status == "delivered" and not first.earlier and first.output.is_file()
    assert [judge.name for judge in first.recognised] == ["face_recognition"] and first.faces == 1
    assert faceoff.protect(photo, **again)[0].earlier
    with pytest.raises(faceoff.ConfigError, match="strong: low, mid or high"):
        faceoff.protect(photo, strength="strong")


def test_protect_leaves_signals_and_the_end_of_the_process_alone(photo, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    code = textwrap.dedent(f"""
        import faceoff, os, signal
        faceoff.protect({str(photo)!r}, out={str(tmp_path / "out")!r}, set={{"optimizer.steps": 1}}, progress=False)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()
        except KeyboardInterrupt:
            raise SystemExit(7)
    """)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 7 and "ended the process" not in ended.stderr, ended.stderr
    assert signal.getsignal(signal.SIGINT) is before
