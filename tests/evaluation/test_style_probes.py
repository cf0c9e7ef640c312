"""Style probes agree with scikit-learn and recover planted style."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from simssl_core.data.types import Factor
from simssl_core.evaluation import style
from tests.evaluation.planted import STYLE, features

pytestmark = pytest.mark.filterwarnings("error")

CONTINUOUS, CIRCULAR, DISCRETE = STYLE


def probe(*arguments):
    """Return the score of one factor, NaN if it cannot be learnt."""
    reading = style.read_factor(*arguments)
    return reading.score if reading else style.FactorScore(math.nan)


@pytest.mark.parametrize("shape", [(200, 5), (60, 150)], ids=["tall", "wide"])
def test_ridge_agrees_with_scikit_learn(shape):
    rng = np.random.default_rng(0)
    x, x_test = rng.normal(size=shape), rng.normal(size=(50, shape[1]))
    weights = rng.normal(size=(shape[1], 3)) * [1.0, 0.1, 0.0]
    y = x @ weights + rng.normal(size=(shape[0], 3))
    penalties = [a * shape[0] for a in style.PENALTIES]
    oracle = RidgeCV(penalties, alpha_per_target=True).fit(x, y)
    mine = style.predict_ridge(*(torch.as_tensor(a) for a in (x, y, x_test)))
    near = x_test.clip(x.min(0) - 0.25 * np.ptp(x, 0), x.max(0) + 0.25 * np.ptp(x, 0))
    np.testing.assert_allclose(mine.numpy(), oracle.predict(near), atol=1e-6)
    assert len(set(oracle.alpha_)) > 1  # the targets need different penalties, so their selection is tested


def test_a_rarely_active_unit_does_not_dominate():
    """Forty ReLU-like units: on one row in a hundred and weak in training, strong in one test row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    rare = np.where(rng.random((400, 40)) < 0.01, 1e-3 * rng.random((400, 40)), 0.0)
    rare[300] = 1.0
    z = np.concatenate([x[:, None] + 0.1 * rng.normal(size=(400, 1)), rare], axis=1)
    assert probe(z[:200], x[:200], z[200:], x[200:], CONTINUOUS).score > 0.95


def test_r2_agrees_with_scikit_learn_and_is_not_clipped():
    truth, predicted = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([9.0, 0.0, 1.0])
    assert style.r2(predicted, truth) == pytest.approx(r2_score(truth, predicted))
    assert style.r2(predicted, truth) < 0


def test_a_circular_factor_is_predicted_across_its_seam():
    rng = np.random.default_rng(0)
    angle = rng.uniform(-math.pi, math.pi, 400)
    z = np.stack([np.sin(angle), np.cos(angle)], 1)
    data = (z[:200], angle[:200], z[200:], angle[200:])
    assert probe(*data, CIRCULAR).score > 0.999
    assert probe(*data, CONTINUOUS).score < 0.9  # as a plain number it fails at the seam


def test_balanced_accuracy_is_not_fooled_by_a_rare_class():
    rng = np.random.default_rng(0)
    rare, noise = (rng.random(600) < 0.1).astype(float), rng.normal(size=(600, 4))
    factor_score = probe(noise[:300], rare[:300], noise[300:], rare[300:], DISCRETE)
    assert factor_score.score == pytest.approx(0.5, abs=0.05)
    assert factor_score.plain_accuracy > 0.85


@pytest.mark.parametrize("warp", [False, True], ids=["linear", "warped"])
def test_planted_style_is_recovered(warp):
    planted = features(style=1.0, warp=warp)
    scores = style.view_scores(planted.views, planted.view_factors, STYLE)
    least = 0.7 if warp else 0.95
    assert min(s.score for s in scores.values()) > least
    assert style.mean_r2(scores, STYLE) > least


def test_absent_style_is_not_recovered():
    planted = features(style=0.0)
    scores = style.view_scores(planted.views, planted.view_factors, STYLE)
    assert scores["x"].score < 0.05 and scores["hue"].score < 0.05
    assert scores["flip"].score == pytest.approx(0.5, abs=0.12)
    assert style.mean_r2(scores, STYLE) < 0.03


def test_no_datum_is_in_both_halves():
    """The features identify their datum, so style that is constant within a datum could otherwise be memorised."""
    rng = np.random.default_rng(0)
    data = 60
    z = np.broadcast_to(np.eye(data, dtype=np.float32), (4, data, data))
    drawn = {"x": np.broadcast_to(rng.normal(size=data), (4, data))}
    assert style.view_scores(z, drawn, (CONTINUOUS,))["x"].score < 0.05
    learnt, held_out = style.halves(data)
    assert sorted([*learnt.tolist(), *held_out.tolist()]) == list(range(data))


def test_wide_features_do_not_invent_style():
    rng = np.random.default_rng(0)
    z, x = rng.normal(size=(400, 300)), rng.normal(size=400)
    assert abs(probe(z[:200], x[:200], z[200:], x[200:], CONTINUOUS).score) < 0.1


@pytest.mark.parametrize("factor", STYLE, ids=lambda f: f.kind)
def test_a_constant_factor_has_no_score(factor):
    z = np.random.default_rng(0).normal(size=(50, 3))
    assert math.isnan(probe(z, np.ones(50), z, np.ones(50), factor).score)
    assert math.isnan(probe(z[:0], np.ones(0), z, np.ones(50), factor).score)


def test_missing_values_are_ignored():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 3))
    x = z[:, 0].copy()
    z[::5], x[::5] = 99.0, np.nan
    assert probe(z[:100], x[:100], z[100:], x[100:], CONTINUOUS).score > 0.999
    flags = np.where(np.isnan(x), -1, x > 0)
    assert probe(z[:100], flags[:100], z[100:], flags[100:], DISCRETE).score > 0.9


def test_constant_features_predict_nothing():
    z, x = np.full((100, 4), 0.7, np.float32), np.random.default_rng(0).normal(size=100)
    assert probe(z[:50], x[:50], z[50:], x[50:], CONTINUOUS).score == pytest.approx(0, abs=0.1)


def test_mean_r2_clips_each_and_leaves_the_discrete_out():
    scores = {"x": style.FactorScore(-5.0), "hue": style.FactorScore(0.8), "flip": style.FactorScore(1.0, 1.0)}
    assert style.mean_r2(scores, STYLE) == pytest.approx(0.4)
    assert math.isnan(style.mean_r2({"flip": style.FactorScore(1.0)}, STYLE))


def test_a_factor_that_was_not_drawn_is_left_out():
    z = np.random.default_rng(0).normal(size=(2, 20, 3))
    assert style.view_scores(z, {}, (Factor("nowhere"),)) == {}


def test_factors_predicted_together_score_as_each_alone():
    planted = features(style=0.7)
    learnt, held_out = planted.views[0, :100], planted.views[0, 100:]
    values = {f.name: planted.view_factors[f.name][0].astype(np.float32) for f in STYLE}
    values["gap"] = np.where(np.arange(len(planted.views[0])) % 7 == 0, np.nan, values["x"])
    factors = (*STYLE, Factor("gap"), Factor("still"))
    values["still"] = np.ones_like(values["x"])
    first, second = ({name: v[part] for name, v in values.items()} for part in (slice(100), slice(100, None)))
    together = style.read_factors(learnt, first, held_out, second, factors)
    assert list(together) == [f.name for f in factors]
    for factor in factors:
        alone = probe(learnt, first[factor.name], held_out, second[factor.name], factor)
        assert together[factor.name].score.score == pytest.approx(alone.score, abs=1e-5, nan_ok=True)
    assert together["gap"].score.score > 0.5 and math.isnan(together["still"].score.score)
