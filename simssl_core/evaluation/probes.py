"""Content probes: how well can the class be read from frozen features?

Features are (N, D), NumPy or torch, labels (N,) integers; a label below 0 means "unlabelled", such rows take no part.
A probe that cannot be asked (no labelled rows, fewer than two classes to learn) answers NaN. Features without any
variance are not an error: the probe then answers what guessing the largest class gets.
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
    """A classification: features (n, D) and class numbers (n,) to learn from, the same to be tested on."""

    train: torch.Tensor
    train_labels: torch.Tensor
    test: torch.Tensor
    test_labels: torch.Tensor
    classes: int

    @property
    def possible(self) -> bool:
        """Whether there is something to learn (two classes) and something to test."""
        return len(self.test) > 0 and len(self.train_labels.unique()) > 1


def tensor(values: Array, device: torch.device | str | None = None) -> torch.Tensor:
    """``values`` as float64 (float32 on MPS, which has no double) on its own device."""
    values = writable(values)
    return values.to(device=device, dtype=torch.float32 if values.device.type == "mps" else torch.float64)


def writable(values: Array) -> torch.Tensor:
    """``values`` as a tensor. NumPy arrays are copied: torch warns of read-only ones (a view, a cache)."""
    return torch.from_numpy(np.array(values)) if not isinstance(values, torch.Tensor) else values


def task(train: Array, train_labels: Array, test: Array, test_labels: Array) -> Task:
    """Drop the unlabelled rows and number the classes; features become float64 on the device of ``train``."""
    train = tensor(train)
    test = tensor(test, train.device)
    train_labels = writable(train_labels).to(train.device).long()
    test_labels = writable(test_labels).to(train.device).long()
    kept, asked = train_labels >= 0, test_labels >= 0
    highest = [int(labels.max()) for labels in (train_labels, test_labels) if len(labels)]
    classes = max([0, *highest]) + 1
    return Task(train[kept], train_labels[kept], test[asked], test_labels[asked], classes)


def standardise(train: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Subtract the training mean and divide by the training std, per feature.

    A feature whose std is below a millionth of its mean's size (rounding noise of float32) counts as constant and
    becomes 0: dividing by it would blow the noise up.
    """
    mean, std = train.mean(0), train.std(0, correction=0)
    constant = std <= 1e-6 * mean.abs() + 1e-30
    scale = torch.where(constant, torch.zeros_like(std), 1 / torch.where(constant, torch.ones_like(std), std))
    return tuple((x - mean) * scale for x in (train, *others))


def accuracy(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Share of right answers; NaN of none."""
    return (predicted == truth).double().mean().item() if len(truth) else math.nan


def balanced_accuracy(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Mean over the classes in ``truth`` of the share of right answers: chance is 1/classes however rare one is."""
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
    """Top-1 test accuracy of multinomial logistic regression on standardised features (the headline content number)."""
    t = task(train, train_labels, test, test_labels)
    return accuracy(predict_linear(t), t.test_labels) if t.possible else math.nan


def predict_linear(t: Task) -> torch.Tensor:
    """Classes (n_test,) that logistic regression predicts."""
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
    """Top-1 test accuracy of a vote among the ``k`` nearest training images, ``metric`` "cosine" or "euclidean".

    All votes count the same and a tie goes to the lower class, as in scikit-learn; k is cut to the number of images.
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
    """:func:`knn` by Euclidean distance: the lengths of the features count, too."""
    return knn(train, train_labels, test, test_labels, metric="euclidean")


def predict_knn(t: Task, k: int = NEIGHBOURS, metric: str = "cosine", chunk: int = 1024) -> torch.Tensor:
    """Classes (n_test,) that the nearest neighbours vote for; ``chunk`` test rows at a time."""
    train, test = t.train, t.test
    if metric == "cosine":
        train, test = F.normalize(train, dim=1), F.normalize(test, dim=1)
    half_square = train.square().sum(1) / 2 if metric == "euclidean" else 0.0
    votes = []
    for rows in test.split(chunk):
        closeness = rows @ train.T - half_square  # euclidean: −½‖a−b‖² up to what all neighbours of a row share
        near = closeness.topk(min(k, len(train)), dim=1).indices
        count = F.one_hot(t.train_labels[near], t.classes).sum(1)
        votes.append(count.argmax(1))
    return torch.cat(votes)


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
    """Top-1 test accuracy of a network with one hidden layer on standardised features."""
    t = task(train, train_labels, test, test_labels)
    return accuracy(predict_mlp(t, seed), t.test_labels) if t.possible else math.nan


def predict_mlp(t: Task, seed: int = 0, epochs: int = 100, patience: int = 8, batch: int = 256) -> torch.Tensor:
    """Classes (n_test,) by a ReLU network, hidden width 4·D (at most 1,024), Adam 1e-3, float32.

    A tenth of the training images decides when to stop: after ``patience`` epochs without a lower cross-entropy there.
    The best weights are kept. Draws from a generator of its own.
    """
    train, test = (x.float() for x in standardise(t.train, t.test))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator).to(train.device)
    held, learnt = order[: max(1, len(order) // 10)], order[max(1, len(order) // 10) :]
    weights = _mlp_weights(train.shape[1], min(4 * train.shape[1], 1024), t.classes, generator, train.device)
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    best, best_weights, waited = math.inf, [w.detach().clone() for w in weights], 0
    for _ in range(epochs):
        for piece in learnt[torch.randperm(len(learnt), generator=generator).to(learnt.device)].split(batch):
            optimizer.zero_grad()
            F.cross_entropy(_mlp_logits(train[piece], weights), t.train_labels[piece]).backward()
            optimizer.step()
        with torch.no_grad():
            loss = F.cross_entropy(_mlp_logits(train[held], weights), t.train_labels[held]).item()
        waited += 1
        if loss < best:
            best, best_weights, waited = loss, [w.detach().clone() for w in weights], 0
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
