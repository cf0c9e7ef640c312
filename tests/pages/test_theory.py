"""Theory: the derivation, the playground's description, and the terms of a real race beside their formulas."""

from __future__ import annotations

import pytest

from pages.theory_parts import playground
from pages.train_parts.form import limits
from simssl_core import objectives
from simssl_core.figures.theme import ROLE_COLOURS
from tests.pages.test_app import given, page, shelf, told  # noqa: F401

BOUND, PLAY, ROLES = "One model", "Playground", "Every objective"


def html(at) -> str:
    return " ".join(item.proto.body for item in at.get("html"))


def test_the_derivation_ends_in_the_pull_to_the_views_mean(shelf):  # noqa: F811
    at = page("theory").run()
    assert not at.exception
    assert any("bar z" in item.value and "pull" in item.value for item in at.latex)
    steps = [item.label for item in at.expander]
    assert len(steps) == 4 and steps[1] == "Step 2: integrate the content out"
    assert "**By prediction**" in told(at)


def test_live_terms_stand_beside_the_formulas_as_bars(shelf):  # noqa: F811
    at = page("theory", theory_part=ROLES).run()
    assert not at.exception
    assert 'aria-label="pull: 1.50 nats per datum"' in html(at)
    assert 'aria-label="push: −2.25 nats per view"' in html(at), "SimCLR counts per view"
    assert f"left:0.00%;width:50.00%;background:{ROLE_COLOURS['push']}" in html(at), "negative: to the left"
    table = at.table[0].value
    assert table.loc["BYOL", "What pushes"] == "Nothing in the loss." and "SimCLR" in table.index


def test_without_a_race_it_says_how_to_get_numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "nothing"))
    at = page("theory", theory_part=ROLES).run()
    assert not at.exception and "Train a race" in told(at)
    assert "aria-label" not in html(at)


def test_the_units_on_the_cards_are_the_objectives_own(shelf):  # noqa: F811
    units = {name: objectives.get(name).unit for name in objectives.names()}
    assert units["simvae"] == units["ae"] == "nats per datum"
    assert units["simclr"] == "nats per view" and units["vicreg"] == units["byol"] == "in its own units"
    at = page("theory", theory_part=ROLES).run()
    beside = [item.value for item in at.markdown if item.value.startswith((":gray[nats", ":gray[in its"))]
    assert beside == [":gray[nats per datum]", ":gray[nats per view]"], "SimVAE's and SimCLR's, which have numbers"


@pytest.mark.parametrize(
    "asked, opens", [("keep", "keep"), ("vicreg", "vicreg"), ("nonsense", "contrast"), ("", "contrast")]
)
def test_the_playground_opens_as_the_address_says(shelf, asked, opens):  # noqa: F811
    at = page("theory", theory_part=PLAY, playground=asked).run()
    assert not at.exception
    data = given(at, "playground")
    assert data["start"] == opens
    assert {o["name"] for o in data["objectives"]} == set(playground.KNOBS)


@pytest.mark.parametrize("name", list(playground.KNOBS))
def test_the_playgrounds_knobs_are_the_objectives_own_settings(name):
    kind = objectives.get(name)
    for field, (label, start, low, high) in playground.KNOBS[name].items():
        info = kind.Config.model_fields[field]
        assert label and info.description
        if field in playground.CHOICES:
            assert start in playground.CHOICES[field]
            continue
        least, most = limits(info)
        assert least <= low <= start <= high <= most, field
    kind.Config(**playground.starts(name))
    assert name in playground.NOTES and kind.unit in playground.UNITS


def test_experiments_name_objectives_and_roles_that_exist():
    for experiment in playground.EXPERIMENTS:
        assert experiment["objective"] in playground.KNOBS
        assert set(experiment["off"]) <= set(objectives.get(experiment["objective"]).roles)
