"""The loop: fair, repeatable, and standing up when one racer falls."""

import math
import time

import pytest
import torch

from simssl_core import objectives
from simssl_core.errors import ConfigError, RunError
from simssl_core.training.member import measuring
from tests.racing import live_knob, losses, same, weights


@pytest.mark.parametrize("name", objectives.names())
def test_a_racer_does_not_depend_on_who_else_races(race, sprites, name):
    others = [other for other in ("simvae", "vicreg") if other != name]
    alone, crowd = race(name, data=sprites, steps=7), race(*others, name, data=sprites, steps=7)
    assert losses(alone)[name] == losses(crowd)[name]
    assert same(weights(alone, name), weights(crowd, name))


def test_two_racers_of_one_kind_go_the_same_way_whatever_they_are_called(race):
    both = race({"objective": "simvae", "label": "a"}, {"objective": "simvae", "label": "b"})
    seen = losses(both)
    assert seen["a"] == seen["b"]


def test_another_seed_gives_another_race(race):
    assert losses(race("vae"), 1)["vae"] != losses(race("vae", seed=1), 1)["vae"]


def test_equal_encoders_start_equal(race):
    members = race("simclr", "vicreg").members
    first, second = (weights_of_encoder(members[label].objective) for label in ("simclr", "vicreg"))
    assert first and same(first, second)


def weights_of_encoder(objective):
    return {name: value for name, value in objective.state_dict().items() if name.startswith("encoder.")}


def test_the_callers_random_numbers_are_left_alone(race):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    losses(race("simvae"), 3)
    assert torch.equal(torch.rand(3), expected)


def test_measuring_between_steps_changes_nothing(race):
    plain, measured = race("simvae"), race("simvae")
    expected = losses(plain)
    seen = []
    images = measured.dataset.test.images[:4].float() / 255
    for progress in measured.run(log_every=1):
        seen.append(progress.terms["simvae"]["loss"])
        with measuring(measured.members["simvae"]) as objective:
            assert not objective.training and not torch.is_grad_enabled()
            objective.encode(images + torch.rand(1))
        assert objective.training
    assert seen == expected["simvae"]


def test_terms_add_up_and_the_loss_falls(race):
    running = race(steps=150, learning_rate=3e-3)
    history = [p.terms for p in running.run(log_every=1)]
    for terms in (history[0], history[-1]):
        for values in terms.values():
            parts = sum(values[role] for role in ("pull", "push", "reconstruct", "other"))
            assert values["loss"] == pytest.approx(parts, rel=1e-4, abs=1e-4)
    for label in ("simvae", "vae", "simclr"):
        early, late = (sum(t[label]["loss"] for t in part) for part in (history[:20], history[-20:]))
        assert late < early, label


def test_steps_yield_progress_and_only_training_time_counts(race):
    running = race("vae", steps=25)
    steps, slept = [], 0.0
    started = time.perf_counter()
    for progress in running.run():
        steps.append(progress.step)
        time.sleep(0.01)
        slept += 0.01
    wall = time.perf_counter() - started
    assert steps == list(range(1, 26))
    assert progress.done == 1 and progress.terms is not None and progress.views_per_second > 0
    assert running.elapsed == progress.seconds <= wall - slept


def test_terms_are_read_seldom_by_default(race):
    read = [p.step for p in race("vae", steps=25).run() if p.terms is not None]
    assert read[0] == 1 and read[-1] == 25 and len(read) < 10


def test_the_time_limit_ends_the_race(race):
    running = race("vae", steps=1_000_000, seconds=0.2)
    last = list(running.run())[-1]
    assert last.done == 1 and last.terms is not None
    assert 0.2 <= last.seconds < 5 and last.step < 1_000_000


def test_every_pass_sees_each_datum_at_most_once(race):
    running = race("vae", batch=64)
    first, second = (torch.cat([running._batches.indices(3 * k + i) for i in range(3)]) for k in range(2))
    assert len(first.unique()) == len(second.unique()) == 192  # 200 data, batches of 64
    assert not torch.equal(first, second)


def test_a_batch_larger_than_the_data_is_all_of_it(race):
    assert len(race("vae", batch=1000)._batches.indices(0)) == 200


def test_the_learning_rate_warms_up(race):
    running = race("vae", warmup=4, learning_rate=0.01)
    rates = []
    for _ in running.run():
        rates.append(running.members["vae"].optimizer.param_groups[0]["lr"])
    assert rates[:5] == pytest.approx([0.0025, 0.005, 0.0075, 0.01, 0.01])


def test_weight_decay_spares_vectors(race):
    optimizer = race("vae", weight_decay=0.1).members["vae"].optimizer
    assert isinstance(optimizer, torch.optim.AdamW)
    for group in optimizer.param_groups:
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] > 0}


def poison(member):
    with torch.no_grad():
        next(member.objective.parameters()).fill_(math.nan)


def test_a_racer_that_breaks_is_stopped_and_the_others_do_not_notice(race):
    calm = losses(race("vae", steps=30))
    running = race("vae", "simclr", steps=30)
    seen, failed_at = [], None
    for progress in running.run(log_every=1):
        seen.append(progress.terms["vae"]["loss"])
        if progress.step == 5:
            poison(running.members["simclr"])
        if progress.failed and failed_at is None:
            failed_at = progress.step
            assert "simclr" not in progress.terms
    assert failed_at == 6 and seen == calm["vae"]
    reason = running.failed["simclr"]
    assert "NaN" in reason and "step 6" in reason and "learning rate" in reason
    assert list(running.live) == ["vae"]


def test_a_broken_racer_is_noticed_within_ten_steps_and_ends_a_race_of_one(race):
    running = race("vae", steps=1000)
    for progress in running.run():
        if progress.step == 2:
            poison(running.members["vae"])
    assert progress.failed and progress.step <= 12


def test_poisoned_weights_are_never_given_out_to_be_saved(race):
    running = race("vae", "simvae")
    losses(running, 2)
    poison(running.members["vae"])
    assert list(running.healthy()) == ["simvae"]
    with pytest.raises(RunError, match="vae"):
        running.state("vae")


def test_running_out_of_memory_stops_one_racer(race, monkeypatch):
    running = race("vae", "simvae")

    def greedy(views):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(running.members["vae"].objective, "forward", greedy)
    last = list(running.run())[-1]
    assert "smaller batch" in last.failed["vae"] and last.step == 12 and "simvae" in last.terms


def test_a_dropped_racer_leaves_with_its_reason(race):
    running = race("vae", "simvae")
    running.drop("vae", "stopped by hand")
    assert list(running.live) == ["simvae"] and running.failed == {"vae": "stopped by hand"}


def test_live_settings_change_one_or_all(race):
    running = race("simvae", "vae")
    running.change("simvae", "learning_rate", 0.02)
    assert running.members["simvae"].learning_rate == 0.02 and running.members["vae"].learning_rate == 1e-3
    assert running.record("simvae").config.train.learning_rate == 0.02
    running.change(None, "learning_rate", 0.03)
    assert {m.learning_rate for m in running.members.values()} == {0.03} == {running.config.train.learning_rate}
    knob, value = live_knob(running.members["simvae"])
    running.change("simvae", knob, value)
    assert getattr(running.members["simvae"].objective.settings, knob) == value
    assert running.record("simvae").settings[knob] == value


@pytest.mark.parametrize(
    ("label", "name", "value", "error"),
    [
        ("simvae", "learning_rate", -1, ConfigError),
        ("simvae", "learning_rate", "fast", ConfigError),
        (None, "learning_rate", math.nan, ConfigError),
        (None, "batch", 8, ConfigError),
        ("simvae", "no_such_setting", 1, ConfigError),
        (None, "no_such_setting", 1, ConfigError),
        ("nobody", "learning_rate", 0.1, RunError),
    ],
)
def test_an_impossible_change_is_refused_and_changes_nothing(race, label, name, value, error):
    running = race("simvae", "vae")
    before = running.config, running.record("simvae").settings, running.members["simvae"].learning_rate
    with pytest.raises(error):
        running.change(label, name, value)
    assert before == (running.config, running.record("simvae").settings, running.members["simvae"].learning_rate)


def test_bf16_is_near_fp32(race):
    exact, rough = losses(race("vae", precision="fp32")), losses(race("vae", precision="bf16"))
    assert exact["vae"] != rough["vae"]
    assert rough["vae"] == pytest.approx(exact["vae"], rel=0.02)
