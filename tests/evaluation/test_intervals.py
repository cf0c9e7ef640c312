"""An interval for every probe: it stands around the very score, and is as wide as other test data would scatter it."""

import math

import numpy as np
import pytest

from simssl_core.evaluation import uncertainty as iv
from simssl_core.evaluation.scores import score
from tests.evaluation.planted import features


@pytest.fixture(scope="module")
def measured():
    found = features(noise=0.9, data=400)
    scores = score(found)
    return scores, iv.intervals(found, scores)


def test_every_interval_is_of_the_very_score(measured):
    scores, found = measured
    factors = {f"{kind}:{name}" for kind in ("style", "factor") for name in ("x", "hue", "flip")}
    assert set(found) == {"linear", "knn", "style_r2"} | factors
    for name, interval in found.items():
        assert interval.value == pytest.approx(scores[name], abs=2e-3), name
        assert interval.low <= interval.value <= interval.high and interval.error > 0, name


@pytest.mark.parametrize("name", ["style:x", "style:hue", "style:flip", "factor:x", "factor:flip"])
def test_other_test_data_scatter_the_score_as_the_interval_says(name):
    """The same encoder on other data: halves of them teach, so the scatter is a little more than the test's alone."""
    kind, _, factor = name.partition(":")
    said, got = [], []
    for seed in range(12):
        found = features(noise=0.8, data=120, count=150, seed=0, draw_seed=seed)
        known = next(f for f in found.factors if f.name == factor)
        interval = (iv.view_interval if kind == "style" else iv.image_interval)(found, known, draws=100)
        said.append(interval.error), got.append(interval.value)
    assert 0.5 < np.std(got, ddof=1) / np.mean(said) < 2.2


def test_a_share_has_wilsons_interval():
    found = iv.share(0.9, 100)
    assert (found.low, found.high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
    assert found.error == pytest.approx(0.03)
    assert iv.share(1.0, 50).low < 0.95 and iv.share(1.0, 50).high == 1.0, "all right is not certainty"


def test_what_cannot_be_asked_is_left_out():
    nothing = features(data=2, count=20)
    scores = dict.fromkeys(("linear", "style:x"), 0.5)
    assert set(iv.intervals(nothing, scores)) <= {"linear"}
    assert math.isnan(iv.view_interval(nothing, nothing.factors[0]).error)


def test_a_view_whose_factor_is_missing_leaves_its_interval_out():
    planted = features(data=60, count=200)
    planted.view_factors["x"][0, 3] = math.nan
    left = iv.intervals(planted, score(planted))
    assert "style:x" not in left and "style_r2" not in left and {"style:hue", "style:flip", "factor:x"} <= set(left)


def test_scores_and_intervals_come_from_one_reading(monkeypatch):
    """There is one style probe: what it misreads, the score and the interval misread alike."""
    from simssl_core.evaluation import style

    planted = features(noise=0.9, data=200)
    honest = score(planted)["style:x"]
    monkeypatch.setattr(style, "predict_ridge", lambda train, targets, test: targets.mean(0).expand(len(test), -1))
    scores = score(planted)
    assert scores["style:x"] < 0.02 < honest
    sure = iv.intervals(planted, scores)
    for name in ("style:x", "style:hue", "factor:x"):
        assert sure[name].value == pytest.approx(scores[name], abs=2e-3)
