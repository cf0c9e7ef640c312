"""Content probes: how well the class can be predicted from frozen features.

Features are (N, D), NumPy or torch; labels are integers (N,). Rows with a label below 0 are unlabelled and ignored.
A probe returns NaN if there are no labelled rows or fewer than two classes to learn. Features without any variance are
not an error: the probe then scores as well as guessing the largest class.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from simssl_core.evaluation.logistic import predict_logistic
from simssl_core.metrics import measures

Array = np.ndarray | torch.Tensor
NEIGHBOURS = 20


class Task(NamedTuple):
    """A classification: features (n, D) and class numbers (n,), for training and for testing."""

    train: torch.Tensor
    train_labels: torch.Tensor
    test: torch.Tensor
    test_labels: torch.Tensor
    classes: int

    @property
    def possible(self) -> bool:
        """Whether there are two classes to learn and at least one row to test."""
        return len(self.test) > 0 and len(self.train_labels.unique()) > 1


def tensor(values: Array, device: torch.device | str | None = None) -> torch.Tensor:
    """Return ``values`` as float64 (float32 on MPS, which has no float64), on ``device`` or else where they are."""
    values = writable(values)
    return values.to(device=device, dtype=torch.float32 if values.device.type == "mps" else torch.float64)


def writable(values: Array) -> torch.Tensor:
    """Return ``values`` as a tensor. NumPy arrays are copied, since torch warns about read-only arrays."""
    return torch.from_numpy(np.array(values)) if not isinstance(values, torch.Tensor) else values


def task(train: Array, train_labels: Array, test: Array, test_labels: Array) -> Task:
    """Drop the unlabelled rows and count the classes; features become float64 on the device of ``train``."""
    train = tensor(train)
    test = tensor(test, train.device)
    train_labels = writable(train_labels).to(train.device).long()
    test_labels = writable(test_labels).to(train.device).long()
    train_rows, test_rows = train_labels >= 0, test_labels >= 0
    highest = [int(labels.max()) for labels in (train_labels, test_labels) if len(labels)]
    classes = max([0, *highest]) + 1
    return Task(train[train_rows], train_labels[train_rows], test[test_rows], test_labels[test_rows], classes)


def standardise(train: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Subtract the training mean and divide by the training std, per feature.

    A feature whose std is below a millionth of its absolute mean (float32 rounding noise) counts as constant and
    becomes 0, since the division would amplify the noise.
    """
    mean, std = train.mean(0), train.std(0, correction=0)
    constant = std <= 1e-6 * mean.abs() + 1e-30
    scale = torch.where(constant, torch.zeros_like(std), 1 / torch.where(constant, torch.ones_like(std), std))
    return tuple((x - mean) * scale for x in (train, *others))


def accuracy(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the share of correct predictions; NaN if there are none."""
    return (predicted == truth).double().mean().item() if len(truth) else math.nan


def balanced_accuracy(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the mean over the classes in ``truth`` of the share of correct predictions; chance is 1/classes."""
    shares = [accuracy(predicted[truth == c], truth[truth == c]) for c in truth.unique()]
    return float(np.mean(shares)) if shares else math.nan


@measures(
    "linear",
    title="Content: linear probe, accuracy",
    family="content",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    term="linear probe",
    reads=("train", "train_labels", "test", "test_labels"),
    place=10,
    headline=True,
    tables=("compare", "runs", "train", "shell", "study"),
    column="linear",
    curve="Content: linear probe",
    layers=True,
    is_share=True,
)
def linear(train: Array, train_labels: Array, test: Array, test_labels: Array) -> float:
    """Return the top-1 test accuracy of multinomial logistic regression on standardised features."""
    t = task(train, train_labels, test, test_labels)
    return accuracy(predict_linear(t), t.test_labels) if t.possible else math.nan


def predict_linear(t: Task) -> torch.Tensor:
    """Predict classes (n_test,) by logistic regression."""
    train, test = standardise(t.train, t.test)
    return predict_logistic(train, t.train_labels, test)


@measures(
    "knn",
    title="Content: kNN, cosine",
    family="content",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    term="kNN",
    reads=("train", "train_labels", "test", "test_labels"),
    place=11,
    tables=("compare", "shell", "study"),
    column="kNN",
    layers=True,
    is_share=True,
)
def knn(
    train: Array, train_labels: Array, test: Array, test_labels: Array, k: int = NEIGHBOURS, metric: str = "cosine"
) -> float:
    """Return the top-1 test accuracy of a vote among the ``k`` nearest training images.

    ``metric`` is "cosine" or "euclidean". All votes count equally and a tie goes to the lower class, as in
    scikit-learn. k is reduced to the number of training images if that is smaller.
    """
    t = task(train, train_labels, test, test_labels)
    return accuracy(predict_knn(t, k, metric), t.test_labels) if t.possible else math.nan


@measures(
    "knn_euclidean",
    title="Content: kNN, Euclidean",
    family="content",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    term="kNN",
    measured="full",
    reads=("train", "train_labels", "test", "test_labels"),
    place=12,
    is_share=True,
)
def knn_euclidean(train: Array, train_labels: Array, test: Array, test_labels: Array) -> float:
    """Return :func:`knn` with the Euclidean distance, for which the length of the features matters too."""
    return knn(train, train_labels, test, test_labels, metric="euclidean")


def predict_knn(t: Task, k: int = NEIGHBOURS, metric: str = "cosine", chunk: int = 1024) -> torch.Tensor:
    """Predict classes (n_test,) by a vote of the nearest neighbours, for ``chunk`` test rows at a time."""
    train, test = t.train, t.test
    if metric == "cosine":
        train, test = F.normalize(train, dim=1), F.normalize(test, dim=1)
    half_square = train.square().sum(1) / 2 if metric == "euclidean" else 0.0
    predictions = []
    for rows in test.split(chunk):
        closeness = rows @ train.T - half_square  # Euclidean: −½‖a−b‖² up to a constant per row
        neighbours = closeness.topk(min(k, len(train)), dim=1).indices
        votes = F.one_hot(t.train_labels[neighbours], t.classes).sum(1)
        predictions.append(votes.argmax(1))
    return torch.cat(predictions)


@measures(
    "mlp",
    title="Content: MLP probe",
    family="content",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    term="MLP probe",
    measured="full",
    reads=("train", "train_labels", "test", "test_labels"),
    place=13,
    tables=("compare", "study"),
    column="MLP",
    is_share=True,
)
def mlp(train: Array, train_labels: Array, test: Array, test_labels: Array, seed: int = 0) -> float:
    """Return the top-1 test accuracy of a network with one hidden layer on standardised features."""
    t = task(train, train_labels, test, test_labels)
    return accuracy(predict_mlp(t, seed), t.test_labels) if t.possible else math.nan


def predict_mlp(t: Task, seed: int = 0, epochs: int = 100, patience: int = 8, batch: int = 256) -> torch.Tensor:
    """Predict classes (n_test,) by a ReLU network of hidden width 4·D (at most 1,024), Adam 1e-3, float32.

    A tenth of the training images is used for validation: training stops after ``patience`` epochs without a lower
    cross-entropy on it, and the best weights are used. The global random generator is not touched.
    """
    train, test = (x.float() for x in standardise(t.train, t.test))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator).to(train.device)
    cut = max(1, len(order) // 10)
    validation, learnt = order[:cut], order[cut:]
    weights = _mlp_weights(train.shape[1], min(4 * train.shape[1], 1024), t.classes, generator, train.device)
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    best_loss, best_weights, waited = math.inf, [w.detach().clone() for w in weights], 0
    for _ in range(epochs):
        shuffled = learnt[torch.randperm(len(learnt), generator=generator).to(learnt.device)]
        for rows in shuffled.split(batch):
            optimizer.zero_grad()
            F.cross_entropy(_mlp_logits(train[rows], weights), t.train_labels[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            loss = F.cross_entropy(_mlp_logits(train[validation], weights), t.train_labels[validation]).item()
        waited += 1
        if loss < best_loss:
            best_loss, best_weights, waited = loss, [w.detach().clone() for w in weights], 0
        if waited >= patience:
            break
    return _mlp_logits(test, best_weights).argmax(1)


def _mlp_weights(
    inputs: int, hidden: int, outputs: int, generator: torch.Generator, device: torch.device
) -> list[torch.Tensor]:
    first = torch.randn(inputs, hidden, generator=generator) * math.sqrt(2 / inputs)
    second = torch.randn(hidden, outputs, generator=generator) * math.sqrt(1 / hidden)
    values = (first, torch.zeros(hidden), second, torch.zeros(outputs))
    return [value.to(device).requires_grad_() for value in values]


def _mlp_logits(x: torch.Tensor, weights: list[torch.Tensor]) -> torch.Tensor:
    w1, b1, w2, b2 = weights
    return F.relu(x @ w1 + b1) @ w2 + b2
