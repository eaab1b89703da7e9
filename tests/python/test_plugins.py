"""Plugins in Python: the same answers as in C++, and the same checks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import numpy
import pytest
import torch

import faceoff
from again import Averages, NoiseAgain, PgdAgain, SimilarityAgain


def delivered(experiment, out) -> numpy.ndarray:
    return faceoff.run(experiment, out=out).items[0].delivered()


def test_the_same_in_python_delivers_the_same_bytes(experiment, tmp_path):
    for plugin in (SimilarityAgain, PgdAgain, NoiseAgain):
        faceoff.register(plugin)
    pictures = []
    for again in ("", "_again"):
        made_of = {
            "loss": [{"plugin": "similarity" + again, "models": ["faceres"]}],
            "optimizer": {"plugin": "pgd" + again, "steps": 3},
            "augment": [{"plugin": "noise_again" if again else "uniform_noise"}],
        }
        pictures.append(delivered(experiment | made_of, tmp_path / ("python" if again else "cpp")))
    assert numpy.array_equal(*pictures)


def test_a_model_in_python_judges_and_is_attacked(experiment, tmp_path):
    faceoff.register(Averages)
    experiment["models"]["averages"] = {"plugin": "averages", "cells": 4}
    experiment["evaluate"]["models"].append("averages")
    judged = faceoff.run(experiment, out=tmp_path / "judged")
    assert {one.name: one.role for one in judged.items[0].faces[0].models}["averages"] == "held_out"
    experiment["loss"][0]["models"] = ["averages"]
    experiment["optimizer"] |= {"steps": 4, "step_size": 4.0}
    experiment["evaluate"]["models"].remove("averages")
    attacked = faceoff.run(experiment, out=tmp_path / "attacked")
    before, after = {one.name: one for one in attacked.items[0].faces[0].models}["averages"].target
    assert after > before


def test_a_model_in_python_embeds_and_evaluates(experiment, photo, out):
    faceoff.register(Averages)
    rows = faceoff.embed(photo, model="averages", set={"averages.cells": 2})[0].embeddings["averages"]
    assert rows.shape == (1, 12)
    run = faceoff.run(experiment, out=out)
    seen = faceoff.evaluate(run, after="png", model="averages")
    assert "averages" in {one["name"] for line in seen.lines for face in line["faces"] for one in face["models"]}


def test_declared_parameters_are_checked_and_listed(experiment):
    faceoff.register(PgdAgain)
    listed = {one["name"]: one for one in faceoff.plugins("pgd_again")[0].params}
    assert (listed["steps"]["type"], listed["steps"]["low"], listed["step_size"]["unit"]) == ("integer", 1, "grey levels")
    experiment["optimizer"] = {"plugin": "pgd_again", "steps": 0}
    with pytest.raises(faceoff.ConfigError, match="steps") as raised:
        faceoff.check(experiment)
    assert raised.value.line is not None
    experiment["optimizer"] = {"plugin": "pgd_again", "step": 1}
    with pytest.raises(faceoff.ConfigError, match="did you mean"):
        faceoff.check(experiment)


def test_registering_twice_is_refused_unless_meant():
    faceoff.register(PgdAgain)
    with pytest.raises(faceoff.PluginError, match="pgd_again.*registered already"):
        faceoff.register(PgdAgain)
    faceoff.register(PgdAgain, replace=True)


def test_a_name_that_a_library_has_is_refused(experiment):
    @faceoff.register
    class Pgd(faceoff.Optimizer):
        """Has a library's name."""

    assert [one.file for one in faceoff.plugins("pgd")][0].endswith("pgd.so")


@pytest.mark.parametrize(("members", "why"), [
    ({"name": "No Name"}, "a-z"),
    ({"weight": faceoff.param(1.0, "reserved")}, "weight"),
    ({"size": faceoff.param(5, "outside", range=(0, 4))}, "range"),
    ({"size": faceoff.param(None, "of no type")}, "default"),
])
def test_a_class_that_is_no_plugin_is_refused_when_registered(members, why):
    with pytest.raises(faceoff.PluginError, match=why):
        faceoff.register(type("Odd", (faceoff.Loss,), members))


def test_what_is_no_class_of_a_plugin_is_refused():
    with pytest.raises(faceoff.PluginError, match="subclass"):
        faceoff.register(int)


def test_what_a_plugin_raises_is_one_line_with_its_place(experiment, out):
    @faceoff.register
    class Raises(faceoff.Loss):
        """Raises."""

        needs = faceoff.Field.embedding

        def __call__(self, adversarial, reference):
            return {}["nothing"]

    experiment["loss"][0]["plugin"] = "raises"
    error = faceoff.run(experiment, out=out).failed[0].error
    assert "\n" not in error
    assert "plugin raises" in error and "step 1" in error
    assert "KeyError: 'nothing' (test_plugins.py:" in error


@pytest.mark.parametrize(("answer", "why"), [
    (lambda adversarial: None, "nothing"),
    (lambda adversarial: 1.0, "float"),
    (lambda adversarial: adversarial.embedding, "for 1 rows"),
    (lambda adversarial: adversarial.embedding.sum(1).detach(), "gradient"),
    (lambda adversarial: adversarial.embedding.sum(1) * float("nan"), "finite"),
    (lambda adversarial: adversarial.embedding.sum(1) + torch.rand(1), "random numbers"),
])
def test_answers_are_checked_as_those_of_libraries_are(experiment, out, answer, why):
    @faceoff.register
    class Wrong(faceoff.Loss):
        """Answers wrongly."""

        needs = faceoff.Field.embedding

        def __call__(self, adversarial, reference):
            return answer(adversarial)

    experiment["loss"][0]["plugin"] = "wrong"
    assert why in faceoff.run(experiment, out=out).failed[0].error


def test_what_setup_raises_ends_the_call_with_the_place_in_the_experiment(experiment, tmp_path):
    @faceoff.register
    class Heavy(Averages):
        """Has weights."""

        weights = faceoff.param("", "its weights", file=True)

        def setup(self, setup):
            torch.load(setup.resolve(self.weights))

    file = tmp_path / "weights.pt"
    file.write_bytes(b"none")
    experiment["models"]["heavy"] = {"plugin": "heavy", "weights": str(file)}
    experiment["evaluate"]["models"].append("heavy")
    with pytest.raises(faceoff.PluginError, match="heavy") as raised:
        faceoff.check(experiment)
    assert raised.value.file == "experiment.toml" and raised.value.line is not None
    assert type(raised.value.__cause__).__name__ == "UnpicklingError"
    experiment["models"]["heavy"]["weights"] = "nowhere.pt"
    with pytest.raises(faceoff.ConfigError, match="nowhere.pt") as raised:
        faceoff.check(experiment)
    assert raised.value.line is not None


def test_ctrl_c_within_a_plugin_leaves(experiment, out):
    @faceoff.register
    class Interrupted(faceoff.Optimizer):
        """Is interrupted."""

        def run(self, objective, budget):
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
            return budget.origin

    experiment["optimizer"] = {"plugin": "interrupted"}
    with pytest.raises(KeyboardInterrupt):
        faceoff.run(experiment, out=out)
    assert not (out / "results.jsonl").exists() or (out / "results.jsonl").read_text() == ""


def test_what_ends_the_process_is_raised_here_and_a_fault_in_the_command(experiment, out, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(mine).replace("return", "raise SystemExit(5) #"))
    experiment["loss"][0]["plugin"] = "dodge"
    with pytest.raises(SystemExit):
        faceoff.run(experiment, out=out, plugin_path=file)
    checked = subprocess.run([sys.executable, "-m", "faceoff", "plugins", "check", file], capture_output=True, text=True)
    assert checked.returncode == 3 and "SystemExit: 5 (mine.py:" in checked.stdout, checked.stderr


def test_what_is_lent_for_a_call_is_gone_after_it(experiment, out):
    kept = []

    @faceoff.register
    class Keeps(faceoff.Optimizer):
        """Keeps the objective."""

        def run(self, objective, budget):
            kept.append(objective)
            return budget.origin

    experiment["optimizer"] = {"plugin": "keeps"}
    faceoff.run(experiment, out=out)
    with pytest.raises(ValueError, match="over"):
        kept[0].value(torch.zeros(1, 3, 2, 2))


mine = '''
    import faceoff

    class Dodge(faceoff.Loss):
        """Away from oneself."""

        needs = faceoff.Field.embedding

        def __call__(self, adversarial, reference):
            return (adversarial.embedding.unsqueeze(1) * reference.own).sum(2).mean(1)
'''


def test_plugins_of_a_file_are_there_for_one_call(experiment, out, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(mine))
    experiment["loss"][0]["plugin"] = "dodge"
    run = faceoff.run(experiment, out=out, plugin_path=file)
    assert run.items[0].status == "attacked"
    assert "mine.py" in (out / "environment.json").read_text()
    with pytest.raises(faceoff.ConfigError, match="dodge"):
        faceoff.check(experiment)


def test_a_file_that_changed_is_another_plugin(experiment, out, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(mine))
    experiment["loss"][0]["plugin"] = "dodge"
    first = faceoff.run(experiment, out=out, plugin_path=file).items[0].record["key"]
    assert faceoff.run(experiment, out=out, plugin_path=file, resume=True).items[0].record["key"] == first
    file.write_text(textwrap.dedent(mine).replace(".mean(1)", ".sum(1)"))
    second = faceoff.run(experiment, out=tmp_path / "second", plugin_path=file).items[0].record["key"]
    assert second != first


@pytest.mark.parametrize(("text", "why"), [
    ("import not_there", "ModuleNotFoundError: No module named 'not_there' (mine.py:1"),
    ("class Dodge(:", "SyntaxError"),
    ("x = 1", "no subclass"),
])
def test_a_file_that_is_no_plugin_is_told_where_it_is_named(experiment, tmp_path, text, why, caplog):
    (tmp_path / "mine.py").write_text(text)
    faceoff.plugins(plugin_path=tmp_path / "mine.py")
    assert why in caplog.text
    experiment["loss"][0]["plugin"] = "mine"
    with pytest.raises(faceoff.PluginError) as raised:
        faceoff.check(experiment, plugin_path=tmp_path / "mine.py")
    assert why in str(raised.value) and raised.value.line is not None
