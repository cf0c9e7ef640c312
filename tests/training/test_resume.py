"""A training that was interrupted ends bit-equal (on a CPU) to one that was not."""

import pytest
import torch

from simssl_core import objectives
from simssl_core.errors import CheckpointError
from simssl_core.storage import checkpoints
from tests.racing import live_knob, losses, same, weights

# a pass over the data is 6 steps: cut within the second, for some also within and at the end of the first
CUTS = [(name, 7) for name in objectives.names()] + [(name, cut) for name in ("simvae", "simclr") for cut in (5, 6)]


@pytest.mark.parametrize(("name", "cut"), CUTS)
def test_resume_is_bit_equal(race, sprites, tmp_path, name, cut):
    whole = race(name, data=sprites)
    expected = losses(whole)[name]
    first = race(name, data=sprites)
    losses(first, cut)
    checkpoints.write_state(tmp_path, cut, first.state(name))
    second = race(name, data=sprites)
    second.restore({name: checkpoints.read_state(tmp_path, cut)})
    assert second.step == cut and second.elapsed == first.elapsed
    assert losses(second)[name] == expected[cut:]
    assert same(weights(second, name), weights(whole, name))


def test_a_race_resumes_together(race, tmp_path):
    labels = ("simvae", "vae", "simclr", "vicreg")
    expected = losses(race())
    first = race()
    losses(first, 4)
    for label in labels:
        checkpoints.write_state(tmp_path / label, 4, first.state(label))
    second = race()
    step = checkpoints.rewind(tmp_path / label for label in labels)
    second.restore({label: checkpoints.read_state(tmp_path / label, step) for label in labels})
    assert losses(second) == {label: expected[label][4:] for label in labels}


def test_weight_decay_resumes(race):
    expected = losses(race("vae", weight_decay=0.1))["vae"]
    first, second = race("vae", weight_decay=0.1), race("vae", weight_decay=0.1)
    losses(first, 5)
    second.restore({"vae": first.state("vae")})
    assert losses(second)["vae"] == expected[5:]


def test_a_state_is_a_copy(race):
    running = race("vae")
    losses(running, 3)
    state = running.state("vae")
    kept = {name: value.clone() for name, value in state.items()}
    other = race("vae")
    other.restore({"vae": state})
    losses(running)
    losses(other)
    assert same(state, kept)


def test_what_was_changed_while_training_stays_changed(race):
    first, second = race("simvae", "vae"), race("simvae", "vae")
    losses(first, 3)
    knob, value = live_knob(first.members["simvae"])
    first.change("simvae", knob, value)
    first.change(None, "learning_rate", 0.004)
    first.change("vae", "learning_rate", 0.002)
    second.restore({label: first.state(label) for label in first.members})
    assert getattr(second.members["simvae"].objective.settings, knob) == value
    assert second.config.train.learning_rate == second.members["simvae"].learning_rate == 0.004
    assert second.members["vae"].learning_rate == 0.002
    assert losses(second) == losses(first)


def test_a_member_that_failed_is_left_out(race):
    first, second = race("simvae", "vae"), race("simvae", "vae")
    losses(first, 3)
    first.drop("vae", "loss became NaN")
    second.drop("vae", "loss became NaN")
    second.restore({"simvae": first.state("simvae")})
    assert losses(second) == losses(first)


def test_restore_refuses_what_does_not_fit(race):
    first = race("simvae", "vae")
    losses(first, 3)
    early = first.state("vae")
    losses(first, 5)
    states = {label: first.state(label) for label in first.members}
    fresh = race("simvae", "vae")
    before = {label: weights(fresh, label) for label in fresh.members}
    with pytest.raises(CheckpointError, match="different steps"):
        fresh.restore(states | {"vae": early})
    with pytest.raises(CheckpointError, match="no state to resume vae"):
        fresh.restore({"simvae": states["simvae"]})
    with pytest.raises(CheckpointError, match="does not fit"):
        fresh.restore({"simvae": states["vae"], "vae": states["simvae"]})
    with pytest.raises(CheckpointError, match="not the state"):
        fresh.restore(states | {"vae": {k: v for k, v in states["vae"].items() if k != "meta"}})
    cut = {k: v for k, v in states["vae"].items() if not k.endswith("exp_avg")}
    with pytest.raises(CheckpointError, match="exp_avg is missing"):
        fresh.restore(states | {"vae": cut})
    with pytest.raises(CheckpointError, match="another prior"):
        race({"objective": "simvae", "settings": {"prior": "gaussian", "gamma2": 2.0}}, "vae").restore(states)
    assert all(same(weights(fresh, label), before[label]) for label in before)


def test_random_numbers_of_another_device_start_anew(race):
    """A race begun on a GPU goes on on a CPU: repeatable, though not as it would have gone on there."""
    first = race("simvae")
    losses(first, 4)
    state = first.state("simvae")
    text = bytes(state["meta"].tolist()).replace(b'"device": "cpu"', b'"device": "cuda"')
    state["meta"] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    state["race.generator"] = state["race.pass"] = state["stream.0"] = torch.zeros(16, dtype=torch.uint8)
    again = [race("simvae"), race("simvae")]
    for other in again:
        other.restore({"simvae": state})
        assert other.step == 4
    runs = [losses(other)["simvae"] for other in again]
    assert runs[0] == runs[1] and len(runs[0]) == 8
