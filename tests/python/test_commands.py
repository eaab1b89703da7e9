"""detect, embed, evaluate, compare and plugins."""

from __future__ import annotations

import numpy
import pytest

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


def test_an_unknown_model_is_refused_with_a_suggestion(photo):
    with pytest.raises(faceoff.ConfigError, match="mobileface"):
        faceoff.embed(photo, model="mobilefac")


def test_evaluate_and_compare_a_sweep(experiment, out):
    run = faceoff.run(experiment | {"sweep": {"attack.epsilon": [2, 8]}}, out=out)
    seen = faceoff.evaluate(run, after=["png"])
    assert seen.folder == out and seen.report.exists() and len(seen.lines) == 2
    assert len(seen.to_pandas()) > 0
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
