"""Errors over test images agree with the textbook and SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from simssl_core.evaluation import probes, uncertainty
from simssl_core.evaluation.scores import score
from tests.evaluation.planted import features

pytestmark = pytest.mark.filterwarnings("error")


def test_the_bootstrap_error_of_a_share_agrees_with_the_textbook():
    correct = (np.arange(400) < 280).astype(float)
    interval = uncertainty.bootstrap(np.mean, correct, draws=2000)
    assert interval.value == 0.7
    assert interval.error == pytest.approx(math.sqrt(0.7 * 0.3 / 400), rel=0.07)
    oracle = stats.bootstrap((correct,), np.mean, method="percentile", rng=np.random.default_rng(1)).confidence_interval
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=0.006)


def test_arrays_are_drawn_with_the_same_rows():
    a = np.random.default_rng(0).normal(size=100)
    assert uncertainty.bootstrap(lambda x, y: float(np.abs(x - y).max()), a, a).error == 0


def test_empty_arrays_have_no_interval():
    assert math.isnan(uncertainty.bootstrap(np.mean, np.array([])).value)


@pytest.mark.parametrize("probe", ["linear", "knn", "knn_euclidean", "mlp"])
def test_content_intervals_contain_the_score(probe):
    planted = features(noise=0.6)
    scores = score(planted, full=True)
    interval = uncertainty.intervals(planted, scores)[probe]
    assert interval.value == scores[probe]
    assert interval.low < interval.value < interval.high
    assert interval.error == pytest.approx(math.sqrt(interval.value * (1 - interval.value) / len(planted.test)))


def test_the_style_interval_contains_the_score():
    planted = features(warp=True)
    interval = uncertainty.style_interval(planted)
    assert interval.value == pytest.approx(score(planted)["style_r2"], abs=1e-9)
    assert interval.low < interval.value < interval.high and 0 < interval.error < 0.1


def test_the_error_shrinks_with_the_data():
    few, many = (uncertainty.style_interval(features(warp=True, data=n)).error for n in (60, 600))
    assert many < 0.6 * few


def test_the_error_matches_the_scatter_over_samples():
    """The scatter of one probe over 32 samples of test images matches the bootstrap error of a single sample."""
    big = features(noise=0.6, count=8000)
    t = probes.task(big.train[:500], big.train_labels[:500], big.test, big.test_labels)
    correct = (probes.predict_linear(t) == t.test_labels).double().numpy().reshape(32, 250)
    errors = [uncertainty.bootstrap(np.mean, piece).error for piece in correct]
    assert np.mean(errors) == pytest.approx(correct.mean(1).std(ddof=1), rel=0.35)  # 32 samples determine it to 13 %
