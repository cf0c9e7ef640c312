"""Intervals contain the score that they belong to, and match its scatter over other test data."""

import math

import numpy as np
import pytest

from simssl_core.evaluation import uncertainty as iv
from simssl_core.evaluation.scores import score
from tests.evaluation.planted import features


@pytest.fixture(scope="module")
def measured():
    planted = features(noise=0.9, data=400)
    scores = score(planted)
    return scores, iv.intervals(planted, scores)


def test_every_interval_belongs_to_its_score(measured):
    scores, interval_by_name = measured
    factors = {f"{kind}:{name}" for kind in ("style", "factor") for name in ("x", "hue", "flip")}
    assert set(interval_by_name) == {"linear", "knn", "style_r2"} | factors
    for name, interval in interval_by_name.items():
        assert interval.value == pytest.approx(scores[name], abs=2e-3), name
        assert interval.low <= interval.value <= interval.high and interval.error > 0, name


@pytest.mark.parametrize("name", ["style:x", "style:hue", "style:flip", "factor:x", "factor:flip"])
def test_the_error_matches_the_scatter_over_other_test_data(name):
    """The same encoder on other data; half of the data train the probe, which adds a little to the scatter."""
    kind, _, factor = name.partition(":")
    errors, values = [], []
    interval_of = iv.view_interval if kind == "style" else iv.image_interval
    for seed in range(12):
        planted = features(noise=0.8, data=120, count=150, seed=0, draw_seed=seed)
        named = next(f for f in planted.factors if f.name == factor)
        interval = interval_of(planted, named, draws=100)
        errors.append(interval.error)
        values.append(interval.value)
    assert 0.5 < np.std(values, ddof=1) / np.mean(errors) < 2.2


def test_a_share_has_wilsons_interval():
    interval = iv.share(0.9, 100)
    assert (interval.low, interval.high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
    assert interval.error == pytest.approx(0.03)
    assert iv.share(1.0, 50).low < 0.95 and iv.share(1.0, 50).high == 1.0, "a share of 1 is not certain"


def test_undefined_scores_have_no_interval():
    nothing = features(data=2, count=20)
    scores = dict.fromkeys(("linear", "style:x"), 0.5)
    assert set(iv.intervals(nothing, scores)) <= {"linear"}
    assert math.isnan(iv.view_interval(nothing, nothing.factors[0]).error)


def test_a_missing_factor_value_leaves_out_its_interval():
    planted = features(data=60, count=200)
    planted.view_factors["x"][0, 3] = math.nan
    left = iv.intervals(planted, score(planted))
    assert "style:x" not in left and "style_r2" not in left and {"style:hue", "style:flip", "factor:x"} <= set(left)


def test_scores_and_intervals_come_from_one_reading(monkeypatch):
    """Score and interval come from the same style probe, so both reflect its errors."""
    from simssl_core.evaluation import style

    planted = features(noise=0.9, data=200)
    honest = score(planted)["style:x"]
    monkeypatch.setattr(style, "predict_ridge", lambda train, targets, test: targets.mean(0).expand(len(test), -1))
    scores = score(planted)
    assert scores["style:x"] < 0.02 < honest
    sure = iv.intervals(planted, scores)
    for name in ("style:x", "style:hue", "factor:x"):
        assert sure[name].value == pytest.approx(scores[name], abs=2e-3)
