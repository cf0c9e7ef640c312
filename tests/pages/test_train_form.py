"""Train's form without a browser: what it offers, what it launches, what it refuses, and its folds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.train_parts import form
from simssl_core.config import TrainConfig
from simssl_core.jobs import launcher
from tests.pages.test_app import page, told


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """An empty lab."""
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def started(shelf, monkeypatch):
    """The configurations that were launched; each race is registered and never trained."""
    configs = []
    monkeypatch.setattr(
        launcher, "launch", lambda config: configs.append(config) or launcher.register(config, shelf, "queued").race
    )
    return configs


def test_train_offers_every_data_set_and_objective_and_says_what_will_run(shelf):
    at = page("train").run()
    assert not at.exception and not at.error
    assert "simvae, vae, simclr and vicreg on 2 views of Sprites" in told(at)
    at.selectbox(key="set.data").select("digits").run()
    assert "Small digits: mlp" in told(at), "the form starts with settings that suit the data"


def test_train_launches_what_the_form_says(started):
    at = page("train").run()
    at.selectbox(key="set.data").select("digits").run()
    at.number_input(key="set.digits.train.steps").set_value(77).run()
    at.text_input(key="set.name").set_value("mine").run()
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    assert (started[0].data.name, started[0].train.steps, started[0].name) == ("digits", 77, "mine")
    assert [member.label for member in started[0].members] == ["simvae", "vae", "simclr", "vicreg"]
    assert at.selectbox(key="race").value == "mine", "the page now watches it"


def open_fold(at: AppTest, key: str) -> AppTest:
    at.session_state[key] = True
    return at.run()


def test_a_fold_is_built_once_it_is_open_and_its_answer_outlives_it(started):
    at = page("train").run()
    at.selectbox(key="set.data").select("digits").run()
    inside = ("set.digits.simclr.temperature", "set.digits.views.crop_min", "set.digits.data.train")
    assert not {widget.key for widget in (*at.number_input, *at.slider)} & set(inside)
    for key in ("set.digits.simclr.fold", "set.digits.views.fold", "set.digits.data.fold"):
        open_fold(at, key)
    widgets = {widget.key: widget for widget in (*at.number_input, *at.slider)}
    assert set(inside) <= set(widgets)
    widgets[inside[0]].set_value(0.25)
    widgets[inside[2]].set_value(300).run()
    for key in ("set.digits.simclr.fold", "set.digits.data.fold"):
        at.session_state[key] = False
    at.run().run()
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    settings = {member.label: member.settings for member in started[0].members}
    assert settings["simclr"]["temperature"] == 0.25 and started[0].data.train == 300


@pytest.mark.parametrize("data", ["sprites", "digits", "simvae-released"])
def test_an_open_form_gives_the_same_configuration_as_a_closed_one(shelf, data, monkeypatch):
    from pages.train_parts import setup

    summarised = []
    monkeypatch.setattr(setup, "summary", lambda config: summarised.append(config) or "")
    at = page("train").run()
    at.selectbox(key="set.data").select(data).run()
    closed = summarised[-1]
    for _depth in range(2):  # the outer folds first, then those in them
        for fold in at.expander:
            if fold.proto.id:
                at.session_state[fold.key] = True
        at.run()
    assert len(at.number_input) + len(at.slider) > 20 and summarised[-1] == closed


def test_an_invalid_answer_shows_an_error_and_no_start_button(shelf):
    at = page("train").run()
    at.text_input(key="set.name").set_value("../up").run()
    assert not at.exception
    assert "may only have letters" in at.error[0].value
    assert not [button for button in at.button if button.label == "Start training"]


def test_train_needs_an_objective_and_takes_six_at_most(shelf):
    at = page("train").run()
    at.pills(key="set.generative").set_value([]).run()
    at.pills(key="set.discriminative").set_value([]).run()
    assert "Choose at least one objective" in at.warning[0].value
    names = objective_names("discriminative")[:7]
    at.pills(key="set.discriminative").set_value(names).run()
    assert len(names) == 7 and "At most 6 objectives can train in one race; remove 1." in at.warning[0].value


def objective_names(family: str) -> list[str]:
    from simssl_core import objectives

    return [name for name in objectives.names() if objectives.get(name).family == family]


@pytest.mark.parametrize("name, low, high", [("learning_rate", 0, 1), ("batch", 2, 16_384), ("probe_share", 0, 0.5)])
def test_limits_come_from_the_field(name, low, high):
    assert form.limits(TrainConfig.model_fields[name]) == (low, high)


def test_a_dial_multiplies_and_holds_its_value():
    steps = form.dial_steps(0.01, 10, 0.123)
    assert steps[0] == 0.01 and steps[-1] == 10 and 0.123 in steps and steps == sorted(set(steps))
    assert form.dial_steps(0, 100, 1.0)[0] == 0
    ratios = [b / a for a, b in pairwise(steps)]
    assert max(ratios) <= 2
