"""Predictions on sprites: what the theory predicts, what the probe finds, and the number of agreements."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from simssl_core.evaluation.theory import observed, predict, strength
from simssl_core.objectives import facts
from tests.small_runs import small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "compare.py")


@pytest.mark.parametrize(
    ("objective", "factor", "prediction"),
    [
        ("simvae", "shape", "kept"),
        ("simvae", "x", "kept"),
        ("simclr", "shape", "kept"),
        ("simclr", "x", "lost"),
        ("random", "x", None),
    ],
)
def test_what_the_theory_predicts(objective, factor, prediction):
    assert predict(facts.find(objective).keeps, factor, ("shape",)) == prediction


def test_a_factor_is_kept_if_it_is_read_above_chance():
    assert observed(0.5) == "kept" and observed(0.49) == "lost"
    assert observed(0.5, chance=0.1) == "lost" and observed(0.56, chance=0.1) == "kept"
    assert strength(0.05, 0.1) == 0 and strength(1.0, 0.1) == 1


def test_the_page_counts_how_often_it_was_right(tmp_path, monkeypatch):
    scores = {"linear": 0.9, "style:x": 0.8, "style:hue": 0.1, "style_r2": 0.4}
    for run in small_runs(tmp_path, "sprites", ["vae", "simclr", "random"]):
        record = tmp_path / run / "run.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"scores": scores, "score_step": 0}))
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=90)
    at.session_state["compare_part"] = "Predictions"
    at.run()
    assert not at.exception
    text = " ".join(item.value for item in at.caption)
    assert "Views share shape" in text and "right 4 of 6 times" in text
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    labels = {(a["x"], a["y"]): a["text"] for a in figure["layout"]["annotations"]}
    assert labels["simclr", "x"] == "<b>lost ✗</b>" and labels["vae", "x"] == "kept ✓"
    assert labels["simclr", "hue"] == "lost ✓"
    assert labels["random", "x"] == "no prediction" and len(labels) == 9
