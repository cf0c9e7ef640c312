"""Errors over test images, against the textbook and SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from simssl_core.evaluation import probes, uncertainty
from simssl_core.evaluation.scores import score
from tests.evaluation.planted import features

pytestmark = pytest.mark.filterwarnings("error")


def test_the_bootstrap_error_of_a_share_is_the_textbooks():
    right = (np.arange(400) < 280).astype(float)
    found = uncertainty.bootstrap(np.mean, right, draws=2000)
    assert found.value == 0.7
    assert found.error == pytest.approx(math.sqrt(0.7 * 0.3 / 400), rel=0.07)
    oracle = stats.bootstrap((right,), np.mean, method="percentile", rng=np.random.default_rng(1)).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.006)


def test_rows_stay_together():
    a = np.random.default_rng(0).normal(size=100)
    assert uncertainty.bootstrap(lambda x, y: float(np.abs(x - y).max()), a, a).error == 0


def test_nothing_to_draw_from_has_no_interval():
    assert math.isnan(uncertainty.bootstrap(np.mean, np.array([])).value)


@pytest.mark.parametrize("probe", ["linear", "knn", "knn_euclidean", "mlp"])
def test_content_intervals_hold_the_score(probe):
    planted = features(noise=0.6)
    scores = score(planted, full=True)
    interval = uncertainty.intervals(planted, scores)[probe]
    assert interval.value == scores[probe]
    assert interval.low < interval.value < interval.high
    assert interval.error == pytest.approx(math.sqrt(interval.value * (1 - interval.value) / len(planted.test)))


def test_the_style_interval_holds_the_score():
    found = features(warp=True)
    interval = uncertainty.style_interval(found)
    assert interval.value == pytest.approx(score(found)["style_r2"], abs=1e-9)
    assert interval.low < interval.value < interval.high and 0 < interval.error < 0.1


def test_the_error_shrinks_with_the_data():
    few, many = (uncertainty.style_interval(features(warp=True, data=n)).error for n in (60, 600))
    assert many < 0.6 * few


def test_the_error_over_data_is_true():
    """The same probe on other test images scatters as the bootstrap of one sample of them says."""
    big = features(noise=0.6, count=8000)
    t = probes.task(big.train[:500], big.train_labels[:500], big.test, big.test_labels)
    right = (probes.predict_linear(t) == t.test_labels).double().numpy().reshape(32, 250)
    errors = [uncertainty.bootstrap(np.mean, piece).error for piece in right]
    assert np.mean(errors) == pytest.approx(right.mean(1).std(ddof=1), rel=0.35)  # 32 samples know it to 13 %
