"""The Compare page without a browser: every part with real small runs, empty states, damage, files to keep."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from simssl_core.analysis import evaluate, memory_decoders
from simssl_core.jobs import background_tasks
from simssl_core.storage import evaluation_file
from tests.small_runs import small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "compare.py")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    for run in small_runs(root, "digits", ["vae", "simclr", "random"], points=100):
        evaluate.save_evaluation(root / run, list(evaluate.evaluate_in_full(root / run, images=100))[-1].findings)
    for run in ("small-vae", "small-simclr"):
        list(memory_decoders.learn(root / run, seconds=30, steps=20))
    return root


@pytest.fixture
def page(shelf, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(shelf))
    return AppTest.from_file(PAGE, default_timeout=90)


def told(at: AppTest) -> str:
    """All text on the page."""
    kinds = (at.subheader, at.markdown, at.caption, at.warning, at.error)
    return " ".join(str(item.value) for kind in kinds for item in kind)


def part(at: AppTest, name: str) -> AppTest:
    at.session_state["compare_part"] = name
    return at.run()


def figures(at: AppTest) -> list[dict]:
    return [json.loads(item.proto.spec) for item in at.get("plotly_chart")]


def test_overview_has_error_bars_a_radar_and_every_probe_with_its_error(page):
    at = page.run()
    assert not at.exception and not at.warning
    scatter, radar = figures(at)
    assert all(trace["error_x"]["array"][0] > 0 for trace in scatter["data"])
    assert {trace["type"] for trace in radar["data"]} == {"scatterpolar"} and len(radar["data"]) == 3
    table = at.dataframe[0].value
    assert {"linear", "linear ±", "mlp", "style:crop_x", "style:crop_x ±", "nmi"} <= set(table.columns)
    assert (table["linear ±"] > 0).all() and "one standard error over held-out data" in told(at)


def test_inside_shows_layers_and_spectrum(page):
    at = part(page.run(), "Inside")
    assert not at.exception
    profile, spectrum = figures(at)
    assert {trace["name"] for trace in profile["data"]} == {"vae", "simclr", "random"}
    assert profile["layout"]["xaxis"]["categoryarray"][-1] == "projection"
    assert spectrum["layout"]["yaxis"]["type"] == "log"


def test_information_stands_against_its_ceiling_with_its_bias(page):
    at = part(page.run(), "Information")
    assert not at.exception and "can never say more than log N" in told(at)
    assert {trace["name"] for trace in figures(at)[0]["data"]} >= {"its ceiling log N", "Gaussian estimate"}
    assert "Measure ELBO_SSL of them too" in [button.label for button in at.button]


def test_a_ceiling_that_differs_between_runs_gives_a_warning(page, shelf):
    record = shelf / "small-simclr" / "run.json"
    original = record.read_text()
    changed = json.loads(original)
    assert "ceiling differs" not in told(part(page.run(), "Information"))
    changed["scores"]["mutual_information_ceiling"] = math.log(20)
    record.write_text(json.dumps(changed))
    try:
        words = told(page.run())
    finally:
        record.write_text(original)
    assert "The ceiling differs here" in words and "N was 20 for simclr and " in words


def test_memory_shows_a_strip_for_those_that_have_one_and_offers_the_others(page):
    at = part(page.run(), "Memory")
    assert not at.exception
    assert len(at.get("image")) == 3, "the images, then vae and simclr"
    assert "Learn what 1 of them remember" in [button.label for button in at.button]


def test_a_button_starts_the_work_in_the_background(page, monkeypatch):
    started = []
    monkeypatch.setattr(background_tasks, "start", lambda kind, runs: started.append((kind, list(runs))))
    at = part(page.run(), "Memory")
    next(button for button in at.button if button.label.startswith("Learn")).click().run()
    assert not at.exception and started == [("memory", ["small-random"])]


def test_work_under_way_shows_progress_and_can_be_stopped(page, shelf, monkeypatch):
    task = background_tasks.BackgroundTask(
        "full", ("small-vae",), "small-vae", 0, 0.4, "encoding", time.time() - 20, alive=True
    )
    monkeypatch.setattr(background_tasks, "status", lambda kind: task if kind == "full" else None)
    stopped = []
    monkeypatch.setattr(background_tasks, "stop", stopped.append)
    at = page.run()
    words = at.get("progress")[0].proto.text
    left = int(words.split("about ")[1].split(" s left")[0])
    assert "small-vae (1 of 1)" in words and 30 <= left < 60, "at two fifths after 20 s and what the page took"
    next(button for button in at.button if button.label == "Stop").click().run()
    assert stopped == ["full"]


def test_without_a_full_measurement_it_says_what_to_press(tmp_path, monkeypatch):
    for run in small_runs(tmp_path, "digits", ["vae"], points=100):
        record = tmp_path / run / "run.json"
        scores = {"linear": 0.5, "style_r2": 0.2}
        record.write_text(json.dumps(json.loads(record.read_text()) | {"scores": scores, "score_step": 0}))
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=90).run()
    assert not at.exception and "Errors are available after a full measurement" in told(at)
    assert "Measure in full" in [button.label for button in at.button]
    for name in ("Inside", "Information"):
        assert "not been measured in full yet" in told(part(at, name)) and not figures(at)
    assert "Nothing has been learnt" in told(part(at, "Memory"))
    assert not (tmp_path / ".lab").exists(), "opening the page writes nothing"


def test_a_damaged_measurement_gives_a_warning_and_the_other_runs_stay(page, shelf):
    path = shelf / "small-vae" / evaluation_file.FILE
    original = path.read_text()
    path.write_text(original[: len(original) // 2])
    at = page.run()
    path.write_text(original)
    assert not at.exception and "small-vae" in at.warning[0].value and "cannot be read" in at.warning[0].value
    assert len(at.dataframe[0].value) == 3
    assert "Measure 1 in full" in [button.label for button in at.button]


def test_a_damaged_memory_decoder_can_be_learnt_again(page, shelf):
    path = shelf / "small-vae" / memory_decoders.FILE
    original = path.read_bytes()
    path.write_bytes(original[:200])
    at = part(page.run(), "Memory")
    path.write_bytes(original)
    assert not at.exception and len(at.get("image")) == 2
    assert "Learn what 2 of them remember" in [button.label for button in at.button]


def test_the_report_holds_every_figure_and_strip(shelf):
    from pages.compare_parts import memory, panels, tables
    from simssl_core import library
    from simssl_core.figures.report import report
    from simssl_core.library.comparison import compare

    compared = compare(library.runs(shelf))
    report_panels = [tables.table(compared.groups), memory.panel(compared.groups)]
    report_panels += [panel for name in panels.SECTIONS for panel in panels.section(name, compared)]
    page = report("Comparison", "", report_panels)
    assert page.count("Plotly.newPlot") >= 3 and page.count("<img alt=") == 3
    assert tables.tidy(compared.groups)["error"].gt(0).any()


def test_figures_are_kept_until_a_number_changes(page, shelf, monkeypatch):
    from pages.compare_parts import panels

    drawn = []
    draw = panels.content_style
    monkeypatch.setattr(panels, "content_style", lambda *arguments: drawn.append(1) or draw(*arguments))
    at = page.run()
    at.run().run()
    before, times = figures(at)[0], len(drawn)
    record = shelf / "small-simclr" / "run.json"
    original = record.read_text()
    changed = json.loads(original)
    changed["scores"]["linear"] = 0.123
    record.write_text(json.dumps(changed))
    try:
        after = figures(at.run())[0]
        assert len(drawn) == times + 1, "drawn again exactly once"
        assert 0.123 in [trace["x"][0] for trace in after["data"]] and after != before
        assert 0.123 in at.dataframe[0].value["linear"].tolist()
    finally:
        record.write_text(original)


def test_an_idle_rerun_is_quick(page):
    at = page.run()
    at.run()
    started = time.perf_counter()
    at.run()
    assert time.perf_counter() - started < 2.0, "a loaded machine may take longer than the 100 ms on a quiet one"
