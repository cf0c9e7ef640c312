"""Every step of every guided tour opens on its own page over the runs that come with the project, with true numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import glossary, tour

ROOT = Path(__file__).parents[2]
STEPS = [(name, place) for name, kept in tour.TOURS.items() for place in range(1, len(kept.steps) + 1)]


def opened(name: str, place: int) -> AppTest:
    kept = tour.TOURS[name]
    page = AppTest.from_file(str(ROOT / "pages" / f"{kept.steps[place - 1].page}.py"), default_timeout=60)
    for key, value in tour.query(kept, place).items():
        page.query_params[key] = value
    return page.run()


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


@pytest.mark.parametrize(("name", "place"), STEPS)
def test_every_step_opens_and_says_its_piece(name, place, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(ROOT / "checkpoints"))
    kept = tour.TOURS[name]
    page = opened(name, place)
    assert not page.exception and not page.error
    said = texts(page)
    assert f"step {place} of {len(kept.steps)}" in said and kept.steps[place - 1].title in said
    assert "not measured" not in said and "You have left the path" not in said


def test_numbers_are_the_runs_own(monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(ROOT / "checkpoints"))
    record = json.loads((ROOT / "checkpoints/demo-sprites-simclr/run.json").read_text())
    numbers = tour.Numbers()
    assert numbers.value("demo-sprites-simclr", "linear") == record["scores"]["linear"]


def test_missing_runs_are_told_with_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    name, place = next((n, p) for n, p in STEPS if tour.TOURS[n].steps[p - 1].needs)
    page = opened(name, place)
    assert not page.exception
    assert any("simssl_core train" in code.value for code in page.code)


def test_every_tour_has_four_to_six_steps():
    assert len(tour.TOURS) == 3 and all(4 <= len(kept.steps) <= 6 for kept in tour.TOURS.values())


def test_an_address_that_means_nothing_is_no_tour(monkeypatch):
    page = AppTest.from_file(str(ROOT / "pages" / "theory.py"), default_timeout=60)
    page.query_params["tour"] = "nonsense.9"
    assert not page.run().exception and "step 9" not in texts(page)


def test_the_glossary_explains_what_its_table_of_scores_points_to():
    entries = json.loads(glossary.FILE.read_text())
    assert len(entries) > 12
    known = json.dumps(entries, ensure_ascii=False)
    assert all(f'"{term}"' in known for term in glossary.SCORES.values())
