"""Runs on the disk: whole or absent, and nothing that is damaged or foreign is believed."""

import json
import os
import pickle
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import simssl_core as lab
from simssl_core import objectives
from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage import checkpoints, files
from tests.racing import losses, same

RECORD, WEIGHTS = "run.json", "weights.safetensors"


@pytest.fixture
def run(race, tmp_path):
    """A trained run on the disk: its folder."""
    running = race("simvae")
    losses(running, 3)
    folder = tmp_path / "race-simvae"
    record = running.record("simvae", status="stopped", scores={"linear": 0.5, "knn": float("nan")}, score_step=3)
    checkpoints.write_run(folder, record, running.members["simvae"].objective)
    checkpoints.write_state(folder, 3, running.state("simvae"))
    return folder


def test_a_run_comes_back_as_it_was_written(run, race):
    record = checkpoints.read_run(run)
    assert (record.run, record.race, record.objective, record.label) == ("race-simvae", "race", "simvae", "simvae")
    assert (record.step, record.status, record.scores) == (3, "stopped", {"linear": 0.5})  # NaN is no score
    assert record.dataset.shape == (1, 8, 8) and len(record.dataset.classes) == 10
    assert record.config == race("simvae").config.model_copy(update={"name": "race"})
    objective, _ = checkpoints.read_objective(run)
    assert same(objective.state_dict(), load_file(run / WEIGHTS)) and not objective.training


@pytest.mark.parametrize("name", objectives.names())
def test_every_objective_comes_back_from_the_disk(race, sprites, tmp_path, name):
    """Building without memory (to compare shapes) and then in earnest works for each."""
    running = race(name, data=sprites)
    losses(running, 2)
    objective = running.members[name].objective.eval()
    checkpoints.write_run(tmp_path / "race-x", running.record(name), objective)
    images = sprites.test.images[:3]
    with torch.no_grad():
        expected = objective.encode(images.float() / 255)
    assert torch.equal(lab.load(tmp_path / "race-x")(images), expected)


def test_load_does_not_disturb_random_numbers(run):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    lab.load(run)
    assert torch.equal(torch.rand(2), expected)


def test_load_by_race_and_label_and_near_names(run):
    assert lab.load(run.parent / "race", "simvae").record.run == "race-simvae"
    with pytest.raises(CheckpointError, match="did you mean race-simvae"):
        lab.load(run.parent / "race-simvea")
    with pytest.raises(CheckpointError, match="did you mean race-simvae"):
        lab.load(run.parent / "race")
    with pytest.raises(CheckpointError, match="no runs in"):
        lab.load(run.parent / "nowhere" / "race")
    with pytest.raises(ConfigError, match="not on this machine"):
        lab.load(run, device="cuda:99")


def test_a_renamed_folder_is_that_run(run):
    other = run.rename(run.with_name("renamed"))
    assert lab.load(other).record.run == "renamed"


def edit(run, **values):
    record = json.loads((run / RECORD).read_text()) | values
    (run / RECORD).write_text(json.dumps(record))


def truncate(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


def link_outside(run, name):
    target = run.parent / f"outside-{name}"
    (run / name).rename(target)
    (run / name).symlink_to(target)


def replace_weights(run, change):
    tensors = load_file(run / WEIGHTS)
    name = next(name for name, value in tensors.items() if value.ndim == 2)
    change(tensors, name)
    save_file(tensors, run / WEIGHTS)


def huge_table(run):
    table = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    (run / WEIGHTS).write_bytes(len(table).to_bytes(8, "little") + table)


def context_with(run, **model):
    context = json.loads((run / RECORD).read_text())["context"]
    edit(run, context=context | {"model": context["model"] | model})


DAMAGE = {
    "no record": (lambda run: (run / RECORD).unlink(), "has no run.json"),
    "empty record": (lambda run: truncate(run / RECORD, 0), "not readable JSON"),
    "record cut short": (lambda run: truncate(run / RECORD, 200), "not readable JSON"),
    "record is a list": (lambda run: (run / RECORD).write_text("[]"), "JSON object"),
    "record nested too deep": (lambda run: (run / RECORD).write_text("[" * 200_000), "not readable JSON"),
    "record too large": (lambda run: (run / RECORD).write_text(" " * (9 << 20)), "more than"),
    "record is not text": (lambda run: (run / RECORD).write_bytes(b"\xff\xfe\x00"), "not readable JSON"),
    "record is a link": (lambda run: link_outside(run, RECORD), "link"),
    "record is a folder": (lambda run: ((run / RECORD).unlink(), (run / RECORD).mkdir()), "regular file"),
    "newer format": (lambda run: edit(run, format=2, news=True), "update the lab"),
    "foreign key": (lambda run: edit(run, surprise=1), "surprise"),
    "unknown objective": (lambda run: edit(run, objective="nonsense"), "nonsense"),
    "objective with a path": (lambda run: edit(run, objective="../../etc"), "letters, digits"),
    "unknown setting": (lambda run: edit(run, settings={"wheels": 4}), "wheels"),
    "scores of text": (lambda run: edit(run, scores={"linear": "good"}), "linear"),
    "negative step": (lambda run: edit(run, step=-1), "step"),
    "context of text": (lambda run: edit(run, context={"model": "big"}), "model"),
    "no weights": (lambda run: (run / WEIGHTS).unlink(), "missing"),
    "empty weights": (lambda run: truncate(run / WEIGHTS, 0), "safetensors"),
    "weights cut in the table": (lambda run: truncate(run / WEIGHTS, 100), "safetensors"),
    "weights cut in the tensors": (lambda run: truncate(run / WEIGHTS, -10), "cut short"),
    "weights are a pickle": (lambda run: (run / WEIGHTS).write_bytes(pickle.dumps({"w": 1}) * 50), "safetensors"),
    "weights claim terabytes": (huge_table, "should hold"),
    "weights are a link": (lambda run: link_outside(run, WEIGHTS), "link"),
    "weights are a pipe": (lambda run: ((run / WEIGHTS).unlink(), os.mkfifo(run / WEIGHTS)), "regular file"),
    "a weight is missing": (lambda run: replace_weights(run, lambda t, n: t.pop(n)), "is missing"),
    "a weight too many": (lambda run: replace_weights(run, lambda t, n: t.update(x=torch.zeros(1))), "not expected"),
    "another shape": (
        lambda run: replace_weights(run, lambda t, n: t.update({n: t[n][:2]})),
        "should be",
    ),
    "weights of NaN": (lambda run: replace_weights(run, lambda t, n: t[n].fill_(float("nan"))), "finite"),
    "a model of terabytes": (lambda run: context_with(run, hidden=[16_384] * 4), "does not fit"),
    "one layer of terabytes": (lambda run: context_with(run, hidden=[1 << 40]), "1 to 16384"),
    "one layer too wide": (lambda run: context_with(run, hidden=[16_384]), "should be"),
    "layers of negative size": (lambda run: context_with(run, hidden=[-5]), "cannot be built|hidden"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named(run, kind):
    damage, message = DAMAGE[kind]
    damage(run)
    with pytest.raises(CheckpointError, match=message):
        lab.load(run)


class Harmful:
    """Unpickled, it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_refused_and_never_run(tmp_path):
    trap = tmp_path / "trap"
    folder = tmp_path / "foreign"
    folder.mkdir()
    file = folder / "model.pt"
    file.write_bytes(pickle.dumps(Harmful(trap)))
    for path in (file, folder):
        with pytest.raises(CheckpointError, match="nothing is ever unpickled"):
            lab.load(path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is a file; give the folder"):
        lab.load(tmp_path / "weights.safetensors")
    assert not trap.exists()


def tensors(value=0.0):
    return {"x": torch.full((3,), value)}


def test_the_two_newest_states_are_kept(tmp_path):
    for step in (1, 20, 300):
        checkpoints.write_state(tmp_path, step, tensors(step))
    assert checkpoints.state_steps(tmp_path) == [20, 300]
    assert same(checkpoints.read_state(tmp_path, 300), tensors(300))
    with pytest.raises(CheckpointError, match="missing"):
        checkpoints.read_state(tmp_path, 1)


def test_resume_takes_the_newest_whole_step_that_all_have(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    assert checkpoints.common_step([]) is checkpoints.common_step([a, b]) is None
    for step in (10, 20):
        checkpoints.write_state(a, step, tensors())
        checkpoints.write_state(b, step, tensors())
    assert checkpoints.common_step([a, b]) == 20
    checkpoints.write_state(a, 30, tensors())  # killed before b wrote 30
    assert checkpoints.common_step([a, b]) == 20
    truncate(b / "state-00000020.safetensors", 60)  # a disk that lost the end
    assert checkpoints.common_step([a, b]) is None
    assert checkpoints.common_step([a]) == 30


def test_a_second_kill_after_resume_leaves_a_step_in_common(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, step in ((a, 10), (b, 10), (a, 20), (b, 20), (a, 30)):
        checkpoints.write_state(folder, step, tensors())
    assert checkpoints.rewind([a, b]) == 20
    checkpoints.write_state(a, 35, tensors())  # killed again between the two
    assert checkpoints.common_step([a, b]) == 20


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs in the writer."""


@pytest.mark.parametrize("moment", range(8))
def test_a_kill_at_any_moment_leaves_a_readable_run(run, race, monkeypatch, moment):
    """Each call to the file system is one moment; from the given one on, nothing more happens on the disk."""
    running = race("simvae")
    losses(running, 6)
    left = moment

    def guarded(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*args, **kwargs)

        monkeypatch.setattr(files.os, name, call)

    for name in ("fsync", "replace"):
        guarded(name)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)  # the dead clean nothing up
    with pytest.raises(Killed):
        checkpoints.write_state(run, 6, running.state("simvae"))
        checkpoints.write_run(run, running.record("simvae"), running.members["simvae"].objective)
    monkeypatch.undo()
    encoder = lab.load(run)
    assert encoder.record.step in (3, 6)
    step = checkpoints.common_step([run])
    assert step in (3, 6)
    again = race("simvae")
    again.restore({"simvae": checkpoints.read_state(run, step)})
    assert again.step == step


def test_a_first_write_that_is_killed_is_not_a_run(race, tmp_path, monkeypatch):
    running = race("vae")
    monkeypatch.setattr(checkpoints, "write_record", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        checkpoints.write_run(tmp_path / "race-vae", running.record("vae"), running.members["vae"].objective)
    with pytest.raises(CheckpointError, match=r"has no run\.json"):
        lab.load(tmp_path / "race-vae")


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "run.json"
    files.write_whole(path, "old")

    def full(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        files.write_atomic(path, full)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_leftovers_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path):
    dead, living = tmp_path / "run.json.1.tmp", tmp_path / "run.json.2.tmp"
    for path in (dead, living):
        path.write_text("half")
    long_ago = time.time() - 3600
    os.utime(dead, (long_ago, long_ago))
    files.write_whole(tmp_path / "run.json", "{}")
    assert not dead.exists() and living.exists()
