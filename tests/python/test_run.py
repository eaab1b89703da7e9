"""faceoff.run and what it returns."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy
import pytest
import tomli_w

import faceoff


def test_a_dictionary_a_text_and_a_file_are_one_experiment(experiment, tmp_path):
    text = tomli_w.dumps(experiment)
    file = tmp_path / "tried.toml"
    file.write_text(text)
    assert faceoff.check(experiment) == faceoff.check(text) == faceoff.check(file)


def test_results_are_dataclasses_arrays_and_a_frame(experiment, out, photo):
    run = faceoff.run(experiment, out=out)
    assert run.folder == out and run.failed == []
    item = run.items[0]
    assert (item.status, item.picture, item.queries) == ("attacked", photo, 2)
    change = item.delivered().astype(int) - item.clean()
    assert item.delivered().dtype == numpy.uint8 and item.clean().shape == (360, 360, 3)
    assert abs(change).max() == item.linf
    judges = {one.name: one.role for one in item.faces[0].models}
    assert judges == {"faceres": "surrogate", "mobileface": "held_out"}
    frame = run.to_pandas()
    assert set(frame["judge"].dropna()) >= {"faceres", "mobileface"} and "target_after" in frame
    assert faceoff.Run.read(out) == run


def test_a_torn_last_line_is_no_item(experiment, out):
    run = faceoff.run(experiment, out=out)
    results = out / "results.jsonl"
    results.write_text(results.read_text() + '{"item": 1, "var')
    assert faceoff.Run.read(out) == run


def test_values_are_set_and_pictures_named(experiment, out, photo):
    experiment["data"]["pictures"] = ["not_there.png"]
    run = faceoff.run(experiment, out=out, pictures=photo, set={"attack.epsilon": 2, "attack.target": {"choice": "nearest"}})
    assert run.items[0].linf == 2
    assert 'choice = "nearest"' in (out / "resolved.toml").read_text()


def test_a_wrong_experiment_says_where(experiment, tmp_path):
    file = tmp_path / "wrong.toml"
    file.write_text(tomli_w.dumps(experiment | {"optimizer": {"plugin": "pgd", "stepz": 2}}))
    with pytest.raises(faceoff.ConfigError, match="steps") as raised:
        faceoff.run(file)
    error = raised.value
    line = file.read_text().splitlines().index("stepz = 2") + 1
    assert (error.file, error.line, error.column) == (str(file), line, 1)
    assert "stepz" in error.message and "\n" not in error.message


def test_all_that_is_wrong_is_told_at_once(experiment):
    experiment["attack"]["epsilon"] = -1
    experiment["seed"] = "one"
    with pytest.raises(faceoff.ConfigError) as raised:
        faceoff.check(experiment)
    assert len(raised.value.problems) == 2
    assert {one.file for one in raised.value.problems} == {"experiment.toml"}


def test_check_builds_everything_and_writes_nothing(experiment, photo, tmp_path, monkeypatch):
    before = set(Path("runs").glob("*"))
    assert faceoff.check(experiment) == [("base", photo)]
    assert set(Path("runs").glob("*")) == before


def test_a_missing_picture_and_a_taken_folder_are_refused(experiment, tmp_path):
    with pytest.raises(faceoff.ConfigError, match="nowhere.png"):
        faceoff.run(experiment, pictures="nowhere.png")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(faceoff.ConfigError):
        faceoff.run(experiment, out=tmp_path)


def test_a_picture_that_fails_is_told_and_the_others_are_done(experiment, out, photo, tmp_path, caplog):
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:1000])
    run = faceoff.run(experiment, out=out, pictures=[photo, broken])
    assert [one.status for one in run.items] == ["attacked", "failed"]
    assert "broken.png" in run.failed[0].error
    assert "broken.png" in caplog.text
    with pytest.raises(faceoff.PictureError):
        run.failed[0].delivered()


def test_ctrl_c_leaves_and_resume_goes_on(experiment, out):
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(1.0, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        faceoff.run(experiment, out=out, set={"optimizer.steps": 100000})
    timer.join()
    run = faceoff.run(experiment, out=out, resume=(out / "environment.json").exists())
    assert [one.status for one in run.items] == ["attacked"]


def test_presets_are_there_and_run_by_name(photo, out):
    assert {"protect", "hide_from_detector"} <= set(faceoff.presets())
    run = faceoff.run("hide_from_detector", pictures=photo, out=out, set={"optimizer.steps": 1})
    assert run.items[0].status == "attacked"


def test_progress_is_a_bar_where_it_is_asked_for(experiment, out, capsys):
    faceoff.run(experiment, out=out, progress=True)
    assert "1/1" in capsys.readouterr().err
