"""Guided tours: every step opens on its page, its address sets that page up, and its claims hold for the runs."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from app import PAGES
from pages.tours import bar
from pages.tours.kinds import RACES, Numbers, number, share
from tests.pages.test_app import ROOT, page, told

STEPS = [(t, k) for t in bar.TOURS.values() for k in range(1, len(t.steps) + 1)]
NAMES = [f"{t.name}.{k}" for t, k in STEPS]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Path:
    """A copy of the runs that come with the project."""
    root = tmp_path_factory.mktemp("shipped") / "runs"
    shutil.copytree(ROOT / "checkpoints", root, ignore=shutil.ignore_patterns(".lab"))
    return root


@pytest.fixture
def runs(shipped, monkeypatch) -> Path:
    monkeypatch.setenv("SIMSSL_RUNS", str(shipped))
    return shipped


def test_three_tours_of_four_to_six_steps():
    assert set(bar.TOURS) == {"position", "style", "head"}
    assert all(4 <= len(t.steps) <= 6 for t in bar.TOURS.values())
    assert {step.page for t in bar.TOURS.values() for step in t.steps} <= {p.name for p in PAGES}


@pytest.mark.parametrize("t, k", STEPS, ids=NAMES)
def test_every_step_opens_and_sets_its_page_up(runs, t, k):
    step = t.steps[k - 1]
    at = page(step.page, **bar.query(t, k)).run()
    assert not at.exception and not at.error and not at.warning
    text = told(at)
    assert f"**{step.title}**" in text and f"step {k} of {len(t.steps)}" in text
    assert "**Look" in text or step.page == "train"
    assert "not measured" not in text and "which this lab does not have" not in text
    for name, value in (*step.query.items(), *step.state.items()):
        if name not in bar.NOT_WIDGETS:
            assert at.session_state[name] == value, name
    keys = {button.key for button in at.button}
    assert ("tour_Next" in keys) == (k < len(t.steps)) and ("tour_Back" in keys) == (k > 1) and "tour_end" in keys


@pytest.mark.parametrize("t, k", STEPS, ids=NAMES)
def test_the_address_alone_is_understood_by_the_page(runs, t, k):
    step = t.steps[k - 1]
    if not step.query:
        assert step.state, "a step must set something up"
        return
    at = page(step.page, **step.query).run()
    assert not at.exception and not at.warning
    for name, value in step.query.items():
        assert name in bar.NOT_WIDGETS or at.session_state[name] == value, name


def test_next_on_the_same_page_recolours_and_end_ends(runs):
    at = page("latent_map", **bar.query(bar.TOURS["position"], 2)).run()
    at.button(key="tour_Next").click().run()
    assert not at.exception
    assert at.session_state["colour"] == "x" and at.query_params["tour"] == "position.3"
    assert "step 3 of 6" in told(at)
    at.selectbox(key="colour").select("hue").run()
    assert at.session_state["colour"] == "hue", "what the visitor chooses stays"
    at.button(key="tour_end").click().run()
    assert "step 3 of 6" not in told(at) and "tour" not in at.query_params


def test_the_bar_leads_back_from_another_page(runs):
    at = page("runs", tour="position.2").run()
    assert not at.exception and "You have left the tour" in told(at)
    assert "Each dot is an image" not in told(at)


@pytest.mark.parametrize("code", ["position.0", "position.7", "position.x", "nothing.1", "position", "…"])
def test_an_address_without_a_valid_step_shows_no_tour(runs, code):
    at = page("runs", tour=code).run()
    assert not at.exception and not [b for b in at.button if b.key == "tour_end"]


def test_a_missing_run_is_named_with_the_command_that_trains_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "nothing"))
    at = page("latent_map", **bar.query(bar.TOURS["position"], 2)).run()
    assert not at.exception
    assert "which this lab does not have" in told(at)
    assert "**demo-sprites-simclr**" in told(at) and at.code[0].value == RACES["demo-sprites"]
    needed = {run.rsplit("-", 1)[0] for t in bar.TOURS.values() for step in t.steps for run in step.needs}
    assert needed == set(RACES)


def test_start_offers_the_tours(runs):
    text = told(page("start").run())
    assert all(f"**{t.title}**" in text and f"Begin, {len(t.steps)} steps" in text for t in bar.TOURS.values())


def test_what_the_tours_claim_is_true_of_the_shipped_runs(runs):
    n = Numbers()
    contrast, model = "demo-sprites-simclr", "demo-sprites-simvae"
    assert n.value(contrast, "linear") > 0.9 > n.value(model, "linear"), "SimCLR sorts by content"
    assert n.value(model, "style:x") > n.value(contrast, "style:x") + 0.4, "a gradient for SimVAE, a mixture for SimCLR"
    assert n.value(model, "style:hue") > n.value(contrast, "style:hue") + 0.4
    assert n.value(model, "style_share") > n.value(contrast, "style_share") + 0.4, "spread, and in one island"
    digits, other = "demo-digits-simvae", "demo-digits-simclr"
    assert min(n.value(digits, "linear"), n.value(other, "linear")) > 0.85, "both maps separate the digits"
    assert n.value(digits, "style_r2") > n.value(other, "style_r2") + 0.1, "SimVAE is higher"
    assert n.layer(contrast, "backbone", "style_r2") > n.layer(contrast, "representation", "style_r2") + 0.1
    assert n.layer(contrast, "backbone", "linear") > 0.9
    for run in ("demo-digits-simclr", "demo-digits-vicreg"):
        for name in ("style_r2", "linear"):
            assert n.layer(run, "representation", name) > n.layer(run, "projection", name), "it falls in the head"


def test_numbers_in_words():
    assert (share(0.9985), share(math.nan)) == ("99.9 %", "not measured")
    assert (number(0.132), number(-0.2), number(math.nan)) == ("0.13", "0.00", "not measured")
