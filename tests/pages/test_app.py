"""Start, Train, Runs, Compare and Theory without a browser: full, empty and damaged shelves, links, buttons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import resume
from pages.train_parts import charts, snapshots
from simssl_core import library
from simssl_core.config import RunConfig
from simssl_core.jobs import launcher
from simssl_core.storage import map_files
from simssl_core.storage.database import Store
from tests.small_runs import small_runs

ROOT = Path(__file__).parents[2]
OWN = ("start", "train", "runs", "compare", "theory")
SCORES = {"linear": 0.71, "knn": 0.66, "style_r2": 0.3, "style:hue": 0.2, "style_share": 0.5, "effective_rank": 6.0}


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """Three small runs with scores."""
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    for number, run in enumerate(small_runs(tmp_path, "digits", ["simvae", "simclr", "random"], points=100)):
        record = tmp_path / run / "run.json"
        scores = {name: value + 0.01 * number for name, value in SCORES.items()}
        record.write_text(json.dumps(json.loads(record.read_text()) | {"scores": scores, "score_step": 0}))
        (tmp_path / run / "history.csv").write_text("step,seconds,name,value\n1,0.1,pull,1.5\n1,0.1,push,-2.25\n")
    return tmp_path


@pytest.fixture
def raced(shelf) -> str:
    """A race in the database: two members, some curves, a knob that was turned, stopped at step 200 of 400."""
    config = RunConfig(name="seen", data={"name": "digits"}, train={"steps": 400}, members=["simvae", "simclr"])
    name = launcher.register(config, shelf, status="stopped").race
    store = Store(shelf)
    rows = [
        (f"seen-{label}", step, step / 10, metric, value + step / 1000)
        for label in ("simvae", "simclr")
        for step in range(1, 201)
        for metric, value in (
            ("pull", 1.0),
            ("push", -2.0),
            ("linear", 0.2),
            ("style_r2", 0.4),
            ("effective_rank", 1.0),
        )
    ]
    store.add_metrics(rows)
    store.update_race(name, step=200, seconds=20.0)
    data = {"member": "simclr", "name": "temperature", "old": 0.5, "new": 0.2}
    store.add_event(name, "change", "simclr: temperature 0.5 → 0.2", step=120, data=data)
    return name


def page(name: str, **query) -> AppTest:
    """The page ``name`` below the bar of a tour, as app.py shows it."""
    file = str(ROOT / "pages" / f"{name}.py")
    script = f"import runpy\nfrom pages.tours import bar\nbar.bar({name!r})\nrunpy.run_path({file!r})"
    at = AppTest.from_string(script, default_timeout=90)
    at.query_params.update(query)
    return at


def told(at: AppTest) -> str:
    """All text on the page."""
    kinds = (at.title, at.markdown, at.caption, at.warning, at.error, at.latex)
    return " ".join(str(item.value) for kind in kinds for item in kind)


def given(at: AppTest, name: str) -> dict:
    """What the component called ``name`` was given."""
    protos = [item.proto for item in at.get("bidi_component")]
    return next(json.loads(p.json) for p in protos if p.component_name == f"simssl_{name}")


@pytest.mark.parametrize("name", OWN)
def test_an_empty_root_says_what_to_do_next(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "nothing"))
    at = page(name).run()
    assert not at.exception and not at.error
    assert len(at.title) == 1 and "?" in at.markdown[0].value, "a title, and the question that the page answers"
    if name not in ("train", "theory"):
        assert "Train" in told(at)
    assert not (tmp_path / "nothing").exists(), "opening a page writes nothing"


@pytest.mark.parametrize("name", OWN)
def test_a_damaged_run_raises_no_exception(name, shelf):
    (shelf / "small-simclr" / "run.json").write_text('{"format": 1, "run":')
    (shelf / "small-random" / "map" / map_files.POINTS).write_bytes(b"PAR1 and no more")
    at = page(name).run()
    assert not at.exception
    if name == "runs":
        assert "damaged" in at.dataframe[0].value["status"].tolist()
    if name == "start":
        assert "1 run cannot be read" in told(at)


def test_the_app_opens_on_start_and_imports_no_torch(shelf):
    import subprocess
    import sys

    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "print(at.title[0].value, bool(at.exception), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n")[0] == "simssl lab False False", done.stdout + done.stderr[-1000:]


def test_start_shows_a_card_for_each_run(shelf):
    cards = {card["run"]: card for card in given(page("start").run(), "run_cards")["cards"]}
    assert set(cards) == {"small-simvae", "small-simclr", "small-random"}
    first = cards["small-simvae"]
    assert [score["value"] for score in first["scores"]] == [SCORES["linear"], SCORES["style_r2"]]
    assert first["picture"].endswith(".webp")
    assert first["links"][0] == {"page": "latent_map", "label": "Map", "query": {"runs": "small-simvae"}}
    assert len({card["colour"] for card in cards.values()}) == 3


def test_a_race_is_found_by_its_address(raced):
    at = page("train", race=raced).run()
    assert not at.exception
    assert "step 200 of 400" in told(at) or "step 200 of 400" in str([p.proto.text for p in at.get("progress")])
    assert "Stopped by hand" in told(at)
    assert "collapsed" in at.warning[0].value, "an effective rank near 1 is a collapse"
    board = given(at, "live_board")
    assert board["sections"][0]["title"] == "Content and style coming apart"
    assert board["marks"] == [{"x": 120, "text": "simclr: temperature 0.5 → 0.2"}]
    assert [m["title"] for m in given(at, "mini_maps")["maps"]] == ["simvae", "simclr"]


def test_an_unknown_race_gives_a_warning(raced):
    at = page("train", race="no-such-race").run()
    assert not at.exception and "no race called “no-such-race”" in told(at)


def test_resume_calls_the_launcher(raced, monkeypatch):
    resumed = []
    monkeypatch.setattr(launcher, "resume", lambda name: resumed.append(name))
    at = page("train", race=raced).run()
    next(button for button in at.button if button.label == "Resume").click().run()
    assert resumed == [raced]


def test_a_finished_race_is_trained_on_from_where_it_is_watched(raced, shelf, monkeypatch):
    Store(shelf).update_race(raced, status="finished")
    at = page("train", race=raced).run()
    assert "Further steps" not in [box.label for box in at.number_input], "there is no saved state to resume from"
    (shelf / "seen-simclr").mkdir()
    (shelf / "seen-simclr" / "state-a.safetensors").touch()
    resumed = []
    monkeypatch.setattr(launcher, "resume", lambda name, extra_steps=0: resumed.append((name, extra_steps)))
    monkeypatch.setattr(resume.st, "switch_page", lambda *arguments, **options: None)
    at = page("train", race=raced).run()
    next(box for box in at.number_input if box.label == "Further steps").set_value(300).run()
    next(button for button in at.button if button.label == "Train on").click().run()
    assert not at.exception and resumed == [(raced, 300)]


def test_charts_hold_what_the_store_holds(raced):
    snapshot = snapshots.read(raced)
    apart, side, terms = charts.sections(snapshot)
    assert [panel["title"] for panel in apart["panels"]] == ["simvae", "simclr"]
    assert [s["name"] for s in side["panels"][0]["series"]] == ["simvae", "simclr"]
    assert [s["name"] for s in terms["panels"][0]["series"]] == ["pull", "push"]
    assert snapshots.seconds_left(snapshot) == pytest.approx(20.0)


def test_a_knob_turned_for_all_is_one_mark(raced, shelf):
    store = Store(shelf)
    for label in ("simvae", "simclr"):
        data = {"member": label, "name": "learning_rate", "old": 0.001, "new": 0.002}
        store.add_event(raced, "change", f"{label}: learning_rate 0.001 → 0.002", step=150, data=data)
    assert snapshots.knob_marks(snapshots.read(raced))[1:] == [(150, "all: learning rate 0.001 → 0.002")]


@pytest.mark.parametrize(
    "rank, spread, words", [(1.2, 0.5, "rank is 1.2"), (6.0, 5e-4, "spread by only 0.0005"), (6.0, 0.5, "")]
)
def test_a_collapse_is_a_low_rank_or_features_without_spread(raced, shelf, rank, spread, words):
    store = Store(shelf)
    store.add_metrics(
        [("seen-simclr", 201, 20.0, "effective_rank", rank), ("seen-simclr", 201, 20.0, "feature_std", spread)]
    )
    snapshot = snapshots.read(raced)
    reason = snapshots.collapse_reason(snapshot, next(m for m in snapshot.members if m.label == "simclr"))
    assert (words in reason) if words else not reason


def test_a_waiting_race_shows_its_place_and_leaves_the_queue(raced, shelf, monkeypatch):
    from simssl_core.jobs import queue

    left = []
    monkeypatch.setattr(launcher, "status", lambda name, root=None: "queued" if name in ("one", "two") else "stopped")
    monkeypatch.setattr(queue, "waiting", lambda root=None: ["one", "two"])
    monkeypatch.setattr(queue, "withdraw", left.append)
    for name in ("one", "two"):
        launcher.register(RunConfig(name=name, data={"name": "digits"}, members=["vae"]), shelf, status="queued")
    at = page("train", race="two").run()
    assert not at.exception
    assert "Number 2 in the queue." in told(at) and "waits for “one”" in told(at) and "1. **one**" in told(at)
    next(button for button in at.button if button.label == "Take it out of the queue").click().run()
    assert left == ["two"]


def test_runs_search_rename_delete_and_undo(shelf):
    at = page("runs", runs_search="simclr").run()
    assert at.dataframe[0].value["run"].tolist() == ["small-simclr"]
    assert "1 of 3 runs" in told(at)
    at.session_state["runs.table.0.1"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception and "**small-simclr**" in told(at)
    next(button for button in at.button if button.label == "Delete").click().run()
    assert not at.exception and "small-simclr" not in {entry.run for entry in library.runs()}
    next(button for button in at.button if button.label == "Undo").click().run()
    assert "small-simclr" in {entry.run for entry in library.runs()}


def test_the_trash_restores_a_run_and_can_be_emptied(shelf):
    for run in ("small-simclr", "small-random"):
        library.delete(run)
    at = page("runs").run()
    assert not at.exception and "They still take up" in told(at) and library.trash_size() > 1000
    next(button for button in at.button if button.label == "Restore").click().run()
    assert len(library.runs()) == 2 and len(library.trash()) == 1
    next(button for button in at.button if button.label == "Empty trash").click().run()
    assert not at.exception and library.trash() == [] and library.trash_size() == 0
    assert "still take up" not in told(at)


def test_runs_says_when_nothing_matches(shelf):
    assert "Nothing matches “zebra”" in told(page("runs", runs_search="zebra").run())


def test_compare_draws_a_point_for_each_run(shelf):
    at = page("compare").run()
    assert not at.exception
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert {trace["name"] for trace in figure["data"]} == {"simvae", "simclr", "random"}
    table = at.dataframe[0].value
    assert table["linear"].tolist() and set(table["run"]) == {"small-simvae", "small-simclr", "small-random"}
    only = page("compare", compare_runs=["small-simclr"]).run()
    assert only.dataframe[0].value["run"].tolist() == ["small-simclr"]
