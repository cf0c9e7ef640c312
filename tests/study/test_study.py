"""A real small study: it resumes, tells who failed, refuses other settings, and leaves its files whole."""

import json
import subprocess

import pandas as pd
import pytest

from simssl_core import presets
from simssl_core.cli import main
from simssl_core.config import RunConfig, parse
from simssl_core.errors import ConfigError, RunError
from simssl_core.runtime import devices
from simssl_core.study import plan as study_plan
from simssl_core.study import report, runner, theory
from simssl_core.study import worker as cell_module
from simssl_core.training.member import RunningMember


def configuration(*members, **train):
    settings = {"steps": 6, "batch": 32, **train}
    return presets.recommended("digits", members or ("vae", "simclr"), train=settings, data={"train": 200, "test": 80})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two objectives with two seeds through the shell; the folder."""
    out = tmp_path_factory.mktemp("study")
    sizes = ["--set", "data.train=200", "--set", "data.test=80", "--set", "train.batch=32"]
    words = ["study", "--data", "digits", "--objectives", "vae,simclr", "--steps", "6", "--seeds", "2", *sizes]
    assert main([*words, "--out", str(out)]) == 0
    return out, words


def test_files_are_there_and_tidy(study):
    out, _ = study
    table = pd.read_parquet(out / "study.parquet")
    assert set(table.label) == {"vae", "simclr"} and set(table.seed) == {0, 1}
    assert {"linear", "style_r2", "style_share", "backbone", "output"} <= set(table[table.label == "simclr"].metric)
    assert {"role:pull", "role:push", "role:reconstruct"} <= set(table[table.label == "vae"].metric)
    assert not table.duplicated(["label", "seed", "metric"]).any()
    shown = (out / "table.md").read_text()
    assert "| vae |" in shown and "±" in shown
    verdicts = json.loads((out / "verdicts.json").read_text())
    assert [v["verdict"] for v in verdicts][:3] == ["undecided"] * 3, "nobody trained SimVAE"
    assert "Predictions" in (out / "verdicts.md").read_text()


def test_seeds_differ_and_members_saw_the_same(study):
    out, _ = study
    kept = {(k["config"]["members"][0]["label"], k["config"]["train"]["seed"]): k for k in study_plan.all_finished(out)}
    assert kept["vae", 0]["scores"]["linear"] != kept["vae", 1]["scores"]["linear"]
    assert kept["vae", 0]["steps"] == kept["simclr", 1]["steps"] == 6


def test_finished_cells_are_not_trained_again(study, monkeypatch):
    out, words = study
    before = {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    monkeypatch.setattr(runner, "_start", lambda *_: pytest.fail("a cell was started again"))
    assert main([*words, "--out", str(out)]) == 0
    assert {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()} == before


def ending(monkeypatch, study, dies=()):
    """Cells become a copy of the small study's files, or die; what was started is listed, in order."""
    folder, started = study[0] / "cells", []

    def start(cell, out, device, threads):
        started.append(cell.name)
        cell.file(out).parent.mkdir(exist_ok=True)
        copy = (
            "echo out of memory >&2; exit 9" if cell.name in dies else f"cp {folder}/{cell.name}.json {cell.file(out)}"
        )
        process = subprocess.Popen(["sh", "-c", copy], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        working = runner.RunningCell(cell, process, device)
        working.listen()
        return working

    monkeypatch.setattr(runner, "_start", start)
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0.02)
    return started


def planned(study):
    return [
        study_plan.Cell(parse(RunConfig, kept["config"], "config"))
        for kept in sorted(study_plan.all_finished(study[0]), key=lambda kept: kept["config"]["train"]["seed"])
    ]


def test_a_stopped_study_continues_where_it_stopped(study, tmp_path, monkeypatch):
    started, plan = ending(monkeypatch, study), planned(study)
    states = runner.run(plan, tmp_path, jobs=1, device="cpu")
    next(state for state in states if state.ended)
    states.close()
    assert started == [plan[0].name] and [path.stem for path in (tmp_path / "cells").iterdir()] == started
    *_, last = runner.run(plan, tmp_path, jobs=1, device="cpu")
    assert last.done == last.total == 4 and started == [cell.name for cell in plan]


def test_a_cell_that_dies_does_not_stop_the_others(study, tmp_path, monkeypatch, capsys):
    ending(monkeypatch, study, dies=["vae-0"])
    assert main([*study[1], "--out", str(tmp_path), "--jobs", "1"]) == 1
    assert "died; the same command tries it again: vae, seed 0: out of memory" in capsys.readouterr().err
    assert {path.stem for path in (tmp_path / "cells").iterdir()} == {"vae-1", "simclr-0", "simclr-1"}
    again = ending(monkeypatch, study)
    assert main([*study[1], "--out", str(tmp_path), "--jobs", "1"]) == 0 and again == ["vae-0"]


def test_what_kills_every_cell_ends_the_study_early(study, tmp_path, monkeypatch):
    plan = planned(study)
    started = ending(monkeypatch, study, dies=[cell.name for cell in plan])
    with pytest.raises(RunError, match="seed 1: out of memory"):
        list(runner.run(plan, tmp_path, jobs=1, device="cpu"))
    assert len(started) == runner.GIVE_UP < len(plan)


@pytest.mark.parametrize(
    ("there", "asked", "jobs", "most", "found"),
    [
        (("cpu",), "auto", 0, 9, ["cpu"] * 4),  # one a core
        (("cpu",), "auto", 3, 2, ["cpu"] * 2),  # no more than there is to do
        (("cpu", "cuda:0", "cuda:1"), "auto", 0, 9, ["cuda:0", "cuda:1"]),  # one a GPU
        (("cpu", "cuda:0", "cuda:1"), "cuda", 3, 9, ["cuda:0", "cuda:1", "cuda:0"]),
        (("cpu", "cuda:0", "cuda:1"), "cuda:1", 0, 9, ["cuda:1"]),
        (("cpu", "cuda:0"), "cpu", 2, 9, ["cpu"] * 2),
    ],
)
def test_cells_are_spread_over_the_devices(monkeypatch, there, asked, jobs, most, found):
    monkeypatch.setattr(devices, "available", lambda: there)
    monkeypatch.setattr(runner, "cores", lambda: 4)
    assert runner._places(asked, jobs, most) == found


def test_the_same_cell_twice_is_refused(study, capsys):
    assert main(["study", "--report", str(study[0]), str(study[0])]) == 2
    assert "seed 0 on digits occurs twice" in capsys.readouterr().err


def test_other_settings_are_refused(study, capsys):
    out, words = study
    for other in (["--set", "train.learning_rate=0.5"], ["--validation"], ["--no-layers"]):
        assert main([*words, "--out", str(out), *other]) == 2
        assert "made with other settings" in capsys.readouterr().err


def test_report_judges_several_folders(study, tmp_path, capsys):
    out, _ = study
    assert main(["study", "--report", str(out), "--out", str(tmp_path / "all"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["verdicts"]) == 4 and found["numbers"]
    assert (tmp_path / "all" / "verdicts.md").exists()


def test_the_device_and_threads_do_not_change_the_identity():
    one, same, other = (
        study_plan.plan(configuration("vae", **train), [0])[0].identity
        for train in ({"threads": 1}, {"threads": 2, "device": "cpu"}, {"learning_rate": 0.5})
    )
    assert one == same != other


def test_a_cell_that_diverges_is_recorded_and_the_study_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(RunningMember, "sound", lambda self: False)
    plan = study_plan.plan(configuration("vae"), [0])
    for one in plan:
        *_, found = cell_module.outcome(one, "cpu")
        assert "failed" in found and "learning rate" in found["failed"]
        study_plan.write(tmp_path, one, found)
    made = report.make([tmp_path])
    assert made.failures and "vae, seed 0" in made.failures[0] and "Failed" in made.verdicts_text
    assert main(["study", "--report", str(tmp_path)]) == 1


def test_without_layers_the_rest_is_the_same(study):
    kept = study_plan.read(study[0] / "cells" / "simclr-0.json")
    with_layers = kept["scores"]
    *_, found = cell_module.outcome(study_plan.Cell(parse(RunConfig, kept["config"], "config"), layers=False), "cpu")
    assert found["scores"] == pytest.approx(
        {k: v for k, v in with_layers.items() if not k.startswith("layer:")}, rel=1e-3
    )
    assert len(found["scores"]) < len(with_layers)


def test_validation_leaves_the_test_images_unseen():
    from simssl_core.data import catalog

    dataset = catalog.load(configuration().data)
    held = cell_module._validating(dataset)
    assert len(held.train) + len(held.test) == len(dataset.train)
    seen = {image.numpy().tobytes() for image in dataset.train.images}
    assert all(image.numpy().tobytes() in seen for image in held.test.images)
    assert len(held.test.captions) == len(held.test)


def test_a_process_that_dies_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "")
    config = configuration("vae").model_copy(update={"data": configuration().data.model_copy(update={"name": "x"})})
    with pytest.raises(RunError, match=r"vae, seed 0: .*no data set 'x'"):
        list(runner.run(study_plan.plan(config, [0]), tmp_path, jobs=1, device="cpu"))
    assert not list(tmp_path.glob("cells/*"))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 9}', '{"format": 1, "config": {"name": 3}}'])
def test_damaged_cells_are_named(tmp_path, text):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "vae-0.json").write_text(text)
    with pytest.raises(RunError, match=r"vae-0\.json is not a finished cell"):
        study_plan.all_finished(tmp_path)


def test_plans_need_seeds_that_differ():
    for seeds in ([], [1, 1]):
        with pytest.raises(ConfigError, match="seeds"):
            study_plan.plan(configuration(), seeds)


def test_predictions_are_counted():
    config = presets.recommended("sprites", ["simclr"]).model_dump(mode="json")
    scores = {"linear": 0.9, "style:x": 0.1, "style:hue": 0.8, "factor:shape": 0.9}
    found = theory.compare_with_theory([{"config": config, "scores": scores, "classes": ["a"] * 10}])
    right = dict(zip(found.factor, found.right, strict=True))
    assert right == {"x": True, "hue": False, "class": True, "shape": True}
    assert "Right in 3 of 4" in theory.markdown(found)
