"""A race from start to end, in this process: what it writes, how it obeys commands, ends and resumes."""

import json

import pytest

from simssl_core import library
from simssl_core.encoder import load
from simssl_core.errors import RunError
from simssl_core.jobs import launcher, session
from simssl_core.library import entries
from simssl_core.storage import history, map_files, paths, race_file
from simssl_core.storage.checkpoints import read_run, state_steps
from simssl_core.storage.database import Store
from tests.small_races import equal, small, trained, weights

pytestmark = pytest.mark.usefixtures("quick")


def drive(root, config, actions, **options):
    """Run a race, call ``actions[step]`` when it has reached that step, and return the last report."""
    actions, last = dict(actions), None
    for last in session.run_race(config, root, final=False, **options):
        if last.status in ("training", "paused") and last.step in actions:
            actions.pop(last.step)()
    assert not actions, f"the race never reached the steps of {actions}"
    return last


def test_a_race_saves_complete_runs(tmp_path):
    report = trained(tmp_path)
    assert (report.status, report.step, report.runs) == ("finished", 12, {"vae": "r-vae", "simclr": "r-simclr"})
    for run in report.runs.values():
        entry = library.find(run, tmp_path)
        assert (entry.status, entry.step, entry.steps, entry.has_weights) == ("finished", 12, 12, True)
        assert state_steps(entry.folder)[-1] == 12
        assert {"loss", "pull", "push", "reconstruct", "other", "views_per_second"} <= set(
            library.history(run, root=tmp_path)
        )
        assert load(entry.folder).width == 6
        curves = {name for _, _, name, _ in history.read(entry.folder)}
        assert curves == set(Store(tmp_path).metrics(run))
    kinds = [event.kind for event in Store(tmp_path).events("r")]
    assert kinds == ["start", "finish"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_taken_name_gets_a_number(tmp_path):
    assert trained(tmp_path, "vae", steps=1).race == "r"
    assert trained(tmp_path, "vae", steps=1).race == "r-2"


def test_stop_keeps_the_state_and_resume_ends_at_the_same_weights(tmp_path):
    whole = trained(tmp_path / "whole", steps=14)
    root = tmp_path / "cut"
    report = drive(root, small(steps=14), {6: lambda: launcher.stop("r", root)})
    assert report.status == launcher.status("r", root) == "stopped" and report.step < 14
    file = race_file.read(root, "r")
    report = drive(root, file.config, {}, race_file=file, resume=True)
    assert (report.status, report.step) == ("finished", 14)
    for label, run in report.runs.items():
        assert equal(weights(root / run), weights(tmp_path / "whole" / whole.runs[label]))
        steps = [row[0] for row in history.read(root / run) if row[2] == "loss"]
        assert steps == sorted(set(steps)) and steps[-1] == 14


def test_closing_the_generator_stops_the_race(tmp_path):
    running = session.run_race(small(steps=50), tmp_path)
    while next(running).step < 4:
        pass
    running.close()
    assert launcher.status("r", tmp_path) == "stopped"
    assert read_run(tmp_path / "r-vae").status == "stopped" and state_steps(tmp_path / "r-vae")[-1] == 4


def test_an_interruption_stops_the_race(tmp_path):
    seen = []
    report = drive(tmp_path, small(steps=50), {5: lambda: seen.append(1)}, interrupted=lambda: bool(seen))
    assert (report.status, report.step) == ("stopped", 6)


def test_pause_and_resume(tmp_path):
    states = []
    for report in session.run_race(small(), tmp_path, final=False):
        if report.step == 4 and not states and report.status == "training":
            launcher.pause("r", tmp_path)
        if report.status == "paused" and not states:
            states = [launcher.status("r", tmp_path), read_run(tmp_path / "r-vae").status]
            launcher.resume("r", tmp_path)
    assert states == ["paused", "paused"] and (report.status, report.step) == ("finished", 12)
    assert [event.kind for event in Store(tmp_path).events("r")] == ["start", "pause", "resume", "finish"]
    assert equal(weights(tmp_path / "r-vae"), weights(tmp_path / trained(tmp_path).runs["vae"]))


def test_a_changed_setting_is_recorded_and_changed_again_after_a_crash(tmp_path):
    def change_settings():
        launcher.change("r", "simclr", "temperature", 0.9, root)
        launcher.change("r", None, "learning_rate", 1e-4, root)

    root = tmp_path / "whole"
    whole = drive(root, small(steps=14), {6: change_settings})
    (first, *_) = Store(root).events("r", kinds=["change"])
    assert first.data == {"member": "simclr", "name": "temperature", "old": 0.5, "new": 0.9} and first.step == 7
    assert first.run == "r-simclr"
    assert {event.data["member"] for event in Store(root).events("r", kinds=["change"])[1:]} == {"vae", "simclr"}
    assert read_run(root / "r-simclr").settings["temperature"] == 0.9

    # the same race, killed after the changes and before the next checkpoint
    root = tmp_path / "crashed"
    running = session.run_race(small(steps=14, checkpoint_seconds=1e4), root, final=False)
    for report in running:
        if report.step == 6:
            change_settings()
        if report.step == 9:
            break
    running.gi_frame.f_locals["self"]._finish = lambda *_: None  # as if the process had been killed
    running.close()
    assert state_steps(root / "r-vae") == [0]
    file = race_file.read(root, "r")
    assert [change.step for change in file.changes] == [7, 7]
    drive(root, file.config, {}, race_file=file, resume=True)
    for label, run in whole.runs.items():
        assert equal(weights(root / run), weights(tmp_path / "whole" / whole.runs[label]))


def test_an_invalid_change_is_refused_and_the_race_continues(tmp_path):
    def send_invalid_changes():
        Store(tmp_path).send("r", "change", member="vae", name="beta", value=-5.0)
        Store(tmp_path).send("r", "change", member="vae", name="width", value=3)

    report = drive(tmp_path, small("vae"), {3: send_invalid_changes})
    assert report.status == "finished"
    refused = Store(tmp_path).events("r", kinds=["refused"])
    assert [event.data["name"] for event in refused] == ["beta", "width"] and "beta" in refused[0].text


def test_nan_ends_a_run_with_the_reason_and_keeps_its_checkpoint(tmp_path, monkeypatch):
    from simssl_core.objectives.discriminative.simclr import SimCLR

    original = SimCLR.terms
    calls = []

    def nan_from_the_sixth_call(self, views, **outputs):
        calls.append(1)
        terms = original(self, views, **outputs)
        if len(calls) <= 5:
            return terms
        return type(terms)(terms.pull * float("nan"), terms.push, terms.reconstruct, terms.other)

    monkeypatch.setattr(SimCLR, "terms", nan_from_the_sixth_call)
    report = trained(tmp_path, steps=30)
    assert report.status == "finished" and list(report.failed) == ["simclr"]
    assert library.find("r-vae", tmp_path).status == "finished"
    entry = library.find("r-simclr", tmp_path)
    assert entry.status == "failed" and "NaN" in entry.reason and "learning rate" in entry.reason
    assert load(entry.folder).width == 6  # the last finite weights
    calls.clear()
    report = trained(tmp_path, "simclr", name="alone", steps=30)
    assert report.status == launcher.status("alone", tmp_path) == "failed"
    assert "NaN" in Store(tmp_path).race("alone").reason


def test_an_unexpected_error_is_reported_in_one_line(tmp_path, monkeypatch):
    from simssl_core.training.loop import Race

    def broken(self):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Race, "_advance", broken)
    with pytest.raises(RunError, match="ZeroDivisionError: a bug"):
        trained(tmp_path)
    assert launcher.status("r", tmp_path) == "failed"
    assert "\n" not in Store(tmp_path).race("r").reason
    assert "Traceback" in paths.log_file(tmp_path, "r").read_text()
    assert library.find("r-vae", tmp_path).status == "failed"


def test_a_full_disk_ends_the_race_with_the_reason(tmp_path, monkeypatch):
    from simssl_core.storage import checkpoints

    def full(*_):
        raise OSError(28, "No space left on device")

    running = session.run_race(small(), tmp_path, final=False)
    next(running)
    monkeypatch.setattr(checkpoints, "write_state", full)
    with pytest.raises(RunError, match="No space left"):
        list(running)
    assert launcher.status("r", tmp_path) == "failed"


def test_a_finished_race_can_be_trained_for_more_steps(tmp_path, monkeypatch):
    trained(tmp_path)
    started = []
    monkeypatch.setattr(launcher, "start_worker", lambda *arguments: started.append(arguments))
    launcher.resume("r", tmp_path, extra_steps=8)
    assert started == [(tmp_path, "r", "--resume")]
    file = race_file.read(tmp_path, "r")
    report = drive(tmp_path, file.config, {}, race_file=file, resume=True)
    assert (report.status, report.step) == ("finished", 20)
    longer = trained(tmp_path / "longer", steps=20)
    assert equal(weights(tmp_path / "r-vae"), weights(tmp_path / "longer" / longer.runs["vae"]))


def test_two_processes_cannot_train_one_race(tmp_path, monkeypatch):
    running = session.run_race(small(steps=50), tmp_path)
    next(running)
    monkeypatch.setattr(session.Lease, "take", lambda self, wait=0: False)
    with pytest.raises(RunError, match="another process"):
        next(session.run_race(small(), tmp_path, race_file=race_file.read(tmp_path, "r"), resume=True))
    running.close()


def test_a_race_without_its_file_and_store_can_be_resumed(tmp_path):
    drive(tmp_path, small(steps=14), {6: lambda: launcher.stop("r", tmp_path)})
    for file in paths.lab(tmp_path).glob("*"):
        if file.is_file():
            file.unlink()
    entries._record.cache_clear()
    file = race_file.read(tmp_path, "r")
    assert set(file.runs) == {"vae", "simclr"}
    report = drive(tmp_path, file.config, {}, race_file=file, resume=True)
    assert report.step == 14
    steps = [row[0] for row in history.read(tmp_path / "r-vae") if row[2] == "loss"]
    assert steps[0] == 1 and steps[-1] == 14


def test_frames_after_the_checkpoint_are_removed(tmp_path):
    import numpy as np
    import pandas as pd

    table = pd.DataFrame({"point": range(3), "label": 0, "class": "a", "instance": -1, "view": -1})
    map_files.begin("x", tmp_path, table, b"webp", 2, (8, 8))
    for step in (1, 5, 9):
        map_files.add_frame("x", tmp_path, step, {"pca": np.zeros((3, 3), np.float32)})
    map_files.drop_after("x", tmp_path, 5)
    assert map_files.frames("x", tmp_path) == map_files.info("x", tmp_path)["frames"] == [1, 5]
    assert json.loads((tmp_path / "x" / "map" / map_files.INFO).read_text())["kinds"] == ["pca"]


def test_old_frames_are_thinned_evenly(tmp_path, monkeypatch):
    import numpy as np
    import pandas as pd

    monkeypatch.setattr(map_files, "MOST_FRAMES", 10)
    table = pd.DataFrame({"point": range(2), "label": 0, "class": "a", "instance": -1, "view": -1})
    map_files.begin("x", tmp_path, table, b"webp", 2, (8, 8))
    for step in range(0, 400, 10):
        map_files.add_frame("x", tmp_path, step, {"pca": np.zeros((2, 3), np.float32)})
    steps = map_files.frames("x", tmp_path)
    assert len(steps) <= 10 and (steps[0], steps[-1]) == (0, 390)


def test_a_member_that_failed_stays_out_of_a_resumed_race(tmp_path, monkeypatch):
    from simssl_core.training.loop import Race

    original = Race._advance

    def advance_and_fail(self):
        original(self)
        if self.step == 4:
            self.drop("simclr", "lost on purpose")

    monkeypatch.setattr(Race, "_advance", advance_and_fail)
    drive(tmp_path, small(steps=14), {8: lambda: launcher.stop("r", tmp_path)})
    monkeypatch.setattr(Race, "_advance", original)
    file = race_file.read(tmp_path, "r")
    report = drive(tmp_path, file.config, {}, race_file=file, resume=True)
    assert report.status == "finished" and report.failed == {"simclr": "lost on purpose"}
    assert {entry.label: entry.status for entry in library.runs(tmp_path)} == {"vae": "finished", "simclr": "failed"}
    assert len(Store(tmp_path).events("r", kinds=["failed"])) == 1


def test_a_race_that_failed_as_a_whole_starts_again_from_its_checkpoint(tmp_path, monkeypatch):
    from simssl_core.training.loop import Race

    original = Race._advance

    def advance_and_fail(self):
        original(self)
        if self.step == 4:
            self.drop("vae", "lost on purpose")

    monkeypatch.setattr(Race, "_advance", advance_and_fail)
    assert trained(tmp_path, "vae").status == "failed"
    monkeypatch.setattr(Race, "_advance", original)
    file = race_file.read(tmp_path, "r")
    report = drive(tmp_path, file.config, {}, race_file=file, resume=True)
    assert report.status == library.find("r-vae", tmp_path).status == "finished"
    assert library.find("r-vae", tmp_path).reason is None
