"""Content probes agree with scikit-learn on the same features."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from simssl_core.evaluation import logistic, probes
from tests.evaluation.planted import blobs

pytestmark = pytest.mark.filterwarnings("error")

KINDS = {
    "overlapping": {"distance": 0.6},
    "plain": {},
    "separable": {"distance": 8, "width": 40},
    "wide": {"count": 150, "width": 200},
}


@pytest.mark.parametrize("kind", KINDS)
def test_linear_agrees_with_scikit_learn(kind):
    train, y, test, y_test = blobs(**KINDS[kind])
    scaler = StandardScaler().fit(train.astype(np.float64))
    oracle = LogisticRegression(C=1 / (1e-4 * len(train)), max_iter=20_000, tol=1e-8)
    oracle.fit(scaler.transform(train.astype(np.float64)), y)
    mine = probes.predict_linear(probes.task(train, y, test, y_test)).numpy()
    theirs = oracle.predict(scaler.transform(test.astype(np.float64)))
    assert np.mean(mine == theirs) >= 0.995
    assert probes.linear(train, y, test, y_test) == pytest.approx(np.mean(theirs == y_test), abs=0.005)


def test_the_fit_reaches_the_stated_optimum():
    train, y, *_ = blobs(width=6)
    x = probes.standardise(probes.tensor(train))[0]
    labels = torch.as_tensor(y)
    weight, bias = logistic.fit_logistic(x, labels, 5, l2=1e-2)
    weight.requires_grad_(), bias.requires_grad_()
    loss = torch.nn.functional.cross_entropy(x @ weight + bias, labels) + 0.5e-2 * weight.square().sum()
    loss.backward()
    assert max(weight.grad.abs().max(), bias.grad.abs().max()) < 1.01e-5
    oracle = LogisticRegression(C=1 / (1e-2 * len(x)), tol=1e-10, max_iter=5000).fit(x.numpy(), y)
    np.testing.assert_allclose(weight.detach().numpy().T, oracle.coef_, atol=2e-3)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_knn_agrees_with_scikit_learn(metric, k):
    train, y, test, y_test = blobs(width=5, distance=0.7)
    oracle = KNeighborsClassifier(k, metric=metric, algorithm="brute").fit(train.astype(np.float64), y)
    mine = probes.predict_knn(probes.task(train, y, test, y_test), k, metric, chunk=97).numpy()
    np.testing.assert_array_equal(mine, oracle.predict(test.astype(np.float64)))


def test_a_tied_vote_goes_to_the_lower_class():
    train = np.array([[0.0], [0.1], [0.2], [0.3]])
    answer = probes.predict_knn(probes.task(train, [2, 1, 1, 2], [[0.15]], [0]), k=4, metric="euclidean")
    assert answer.tolist() == [1]
    assert KNeighborsClassifier(4).fit(train, [2, 1, 1, 2]).predict([[0.15]]) == [1]


def test_k_larger_than_the_data_uses_all_rows():
    assert probes.knn([[0.0], [1.0], [1.1]], [0, 1, 1], [[0.0]], [1], k=20, metric="euclidean") == 1


def test_mlp_learns_what_a_linear_probe_cannot():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (2400, 4)).astype(np.float32)
    labels = (points[:, 0] * points[:, 1] > 0).astype(int)  # XOR of two signs
    halves = points[:1200], labels[:1200], points[1200:], labels[1200:]
    assert probes.linear(*halves) < 0.6
    assert probes.mlp(*halves) > 0.9


def test_mlp_is_repeatable_and_leaves_the_global_generator_alone():
    data = blobs(count=200)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = probes.mlp(*data)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(6)
    assert probes.mlp(*data) == first


@pytest.mark.parametrize("probe", [probes.linear, probes.knn, probes.mlp])
def test_random_labels_are_predicted_at_chance(probe):
    rng = np.random.default_rng(1)
    points, labels = rng.normal(size=(2000, 6)).astype(np.float32), rng.integers(0, 4, 2000)
    assert probe(points[:1000], labels[:1000], points[1000:], labels[1000:]) == pytest.approx(0.25, abs=0.06)


def test_unlabelled_rows_are_ignored():
    train, y, test, y_test = blobs(count=200)
    hidden, hidden_test = np.where(np.arange(200) % 2, y, -1), np.where(np.arange(200) % 3, y_test, -1)
    on_labelled_rows = probes.linear(
        train[hidden >= 0], y[hidden >= 0], test[hidden_test >= 0], y_test[hidden_test >= 0]
    )
    assert probes.linear(train, hidden, test, hidden_test) == on_labelled_rows


@pytest.mark.parametrize("probe", [probes.linear, probes.knn, probes.mlp])
@pytest.mark.parametrize("labels", [[-1] * 30, [0] * 30, []])
def test_an_undefined_score_is_nan(probe, labels):
    points = np.random.default_rng(0).normal(size=(len(labels), 3)).astype(np.float32)
    assert math.isnan(probe(points, labels, points, labels))


def test_constant_features_guess_the_largest_class():
    points = np.full((90, 5), 0.3, np.float32)
    points += np.random.default_rng(0).normal(size=points.shape).astype(np.float32) * 1e-8  # float32 rounding
    labels = np.array([0] * 20 + [1] * 50 + [2] * 20)
    assert probes.linear(points, labels, points, labels) == pytest.approx(5 / 9)
    assert 0 <= probes.knn(points, labels, points, labels) <= 1


def test_a_class_missing_from_training_counts_as_wrong():
    assert probes.linear([[0.0], [1.0]], [0, 1], [[0.0], [1.0], [2.0]], [0, 1, 7]) == pytest.approx(2 / 3)


def test_standardise_uses_the_training_moments_only():
    train, test = probes.standardise(torch.tensor([[1.0, 5.0], [3.0, 5.0]]), torch.tensor([[5.0, 6.0]]))
    assert train.tolist() == [[-1, 0], [1, 0]]
    assert test.tolist() == [[3, 0]]


def test_balanced_accuracy_agrees_with_scikit_learn():
    truth, predicted = torch.tensor([0, 0, 0, 0, 1, 2, 2]), torch.tensor([0, 0, 0, 0, 0, 2, 1])
    assert probes.balanced_accuracy(predicted, truth) == pytest.approx(balanced_accuracy_score(truth, predicted))
