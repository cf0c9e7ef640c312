"""Scores of geometry agree with NumPy and scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from simssl_core.evaluation import geometry
from tests.evaluation.planted import blobs

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)


def test_effective_rank_agrees_with_numpy():
    z = RNG.normal(size=(100, 6)) * [5, 3, 1, 1, 0.1, 0]
    values = np.linalg.svd(z - z.mean(0), compute_uv=False)
    share = values[values > 1e-9] / values.sum()
    assert geometry.effective_rank(z) == pytest.approx(math.exp(-(share * np.log(share)).sum()))
    np.testing.assert_allclose(geometry.spectrum(z), values, atol=1e-9)


def test_effective_rank_of_known_shapes():
    corners = np.concatenate([np.eye(5), -np.eye(5)])  # the same in every direction
    assert geometry.effective_rank(corners + 7) == pytest.approx(5)
    line = np.outer(RNG.normal(size=50), [1.0, 2.0, 3.0])
    assert geometry.effective_rank(line) == pytest.approx(1, abs=1e-6)
    assert geometry.effective_rank(np.full((50, 8), 0.3, np.float32)) == 0


def test_rounding_noise_is_not_a_dimension():
    noisy = (np.full((200, 8), 0.3) + RNG.normal(size=(200, 8)) * 1e-8).astype(np.float32)
    assert geometry.effective_rank(noisy) == 0


def test_feature_std_by_hand():
    z = RNG.normal(size=(50, 3)) * [1, 2, 3]
    assert geometry.feature_std(z) == pytest.approx(z.std(0).mean())


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_style_share_is_the_planted_share(share):
    data, views = 4000, 3
    z = math.sqrt(1 - share) * RNG.normal(size=(1, data, 8)) + math.sqrt(share) * RNG.normal(size=(views, data, 8))
    assert geometry.style_share(z) == pytest.approx(share, abs=0.015)


def test_style_share_by_hand():
    z = np.array([[[0.0], [4.0]], [[2.0], [8.0]]])  # two views of two data
    within = (1 + 1 + 4 + 4) / 2  # divisor N(V−1)
    between = (1 - 6) ** 2 / 2 - within / 2
    assert geometry.style_share(z) == pytest.approx(within / (within + between))


def test_style_share_at_its_limits():
    same = np.broadcast_to(RNG.normal(size=(1, 40, 4)), (3, 40, 4))
    assert geometry.style_share(same) == pytest.approx(0)
    assert geometry.style_share(RNG.normal(size=(4, 300, 4))) == pytest.approx(1, abs=0.02)
    assert math.isnan(geometry.style_share(np.full((3, 40, 4), 0.3, np.float32)))
    assert math.isnan(geometry.style_share(RNG.normal(size=(1, 40, 4))))


def test_alignment_and_uniformity_by_hand():
    z = RNG.normal(size=(3, 7, 4))
    unit = z / np.linalg.norm(z, axis=-1, keepdims=True)
    pairs = [((unit[a] - unit[b]) ** 2).sum(-1).mean() for a in range(3) for b in range(3) if a != b]
    assert geometry.alignment(z) == pytest.approx(np.mean(pairs))
    potential = [
        math.exp(-2 * ((unit[v, i] - unit[v, k]) ** 2).sum()) for v in range(3) for i in range(7) for k in range(i)
    ]
    assert geometry.uniformity(z, chunk=2) == pytest.approx(math.log(np.mean(potential)))


def test_alignment_and_uniformity_at_their_limits():
    same = np.broadcast_to(np.array([1.0, 2.0]), (2, 5, 2))
    assert geometry.alignment(same) == pytest.approx(0)
    assert geometry.uniformity(same) == pytest.approx(0)
    assert geometry.alignment(np.stack([same[0], -same[0]])) == pytest.approx(4)
    assert math.isnan(geometry.alignment(same[:1])) and math.isnan(geometry.uniformity(same[:, :1]))


def test_within_between_by_hand():
    z, labels = np.array([[0.0], [2.0], [10.0], [12.0], [99.0]]), [0, 0, 1, 1, -1]
    assert geometry.within_between(z, labels) == pytest.approx(4 / (2 * 25 + 2 * 25))
    assert math.isnan(geometry.within_between(z, [0] * 5))


def test_silhouette_agrees_with_scikit_learn():
    train, y, *_ = blobs(count=150)
    assert geometry.silhouette(train, y) == pytest.approx(silhouette_score(train.astype(np.float64), y))
    on_fewer_images = geometry.silhouette(train, y, limit=60)
    assert on_fewer_images == geometry.silhouette(train, y, limit=60) and on_fewer_images != geometry.silhouette(
        train, y
    )


@pytest.mark.parametrize("labels", [[0] * 6, [-1] * 6, range(6)])
def test_silhouette_without_two_classes_is_nan(labels):
    assert math.isnan(geometry.silhouette(RNG.normal(size=(6, 2)), list(labels)))
