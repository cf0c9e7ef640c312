"""Clustering agrees with scikit-learn, and the match of clusters and classes with exhaustive search."""

import itertools
import math

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

from simssl_core.evaluation import clustering
from tests.evaluation.planted import blobs

pytestmark = pytest.mark.filterwarnings("error")


def test_the_match_is_the_best_of_all_permutations():
    rng = np.random.default_rng(0)
    labels, assigned = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    every = [np.mean(np.array(order)[assigned] == labels) for order in itertools.permutations(range(4))]
    assert clustering.match_accuracy(assigned, labels) == pytest.approx(max(every))


def test_kmeans_agrees_with_scikit_learn():
    train, y, *_ = blobs(count=300)
    scores = clustering.cluster_scores(train, y, "kmeans")
    x = StandardScaler().fit_transform(train.astype(np.float64))
    oracle = KMeans(5, n_init=10, random_state=0).fit_predict(x)
    assert scores["nmi"] == pytest.approx(normalized_mutual_info_score(y, oracle), abs=1e-6)
    assert scores["ari"] == pytest.approx(adjusted_rand_score(y, oracle), abs=1e-6)


@pytest.mark.parametrize("method", clustering.METHODS)
def test_distant_clusters_are_found_and_none_in_noise(method):
    train, y, *_ = blobs(count=300, distance=20)
    scores = clustering.cluster_scores(train, y, method)
    assert min(scores.values()) > 0.95
    noise = clustering.cluster_scores(np.random.default_rng(0).normal(size=(300, 8)), y, method)
    assert noise["nmi"] < 0.1 and abs(noise["ari"]) < 0.05


@pytest.mark.parametrize("method", clustering.METHODS)
def test_collapsed_features_have_defined_scores(method):
    scores = clustering.cluster_scores(np.full((40, 3), 0.5, np.float32), np.arange(40) % 4, method)
    assert scores["cluster_acc"] == pytest.approx(0.25) and scores["nmi"] == 0


def test_fewer_than_two_classes_give_nan():
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert all(map(math.isnan, clustering.cluster_scores(points, [-1] * 10 + [3] * 10).values()))
