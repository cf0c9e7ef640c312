"""Style probes: how well the factors that *differ* between views can be predicted from frozen features.

The lab draws the views itself, so every factor is known exactly. Continuous factors are predicted by ridge regression
(R²), circular ones as (sin, cos) (mean R² of the two), discrete ones by logistic regression (balanced accuracy). The
same functions predict the true factors of the images (position, hue, an attribute). R² is not clipped: below zero the
probe has fitted noise. NaN means that the score is not defined (a factor that never varies).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from simssl_core.data.types import Factor
from simssl_core.evaluation.logistic import predict_logistic
from simssl_core.evaluation.probes import Array, accuracy, balanced_accuracy, standardise, tensor, writable
from simssl_core.metrics import measures

if TYPE_CHECKING:
    from simssl_core.evaluation.features import Features

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # per training row
BEYOND = 0.25  # how far a test value may lie outside of a feature's range in training, as a share of that range


class FactorScore(NamedTuple):
    """How well one factor is predicted.

    ``score``: R² (continuous, circular) or balanced accuracy (discrete). ``plain_accuracy``: of a discrete factor.
    """

    score: float
    plain_accuracy: float = math.nan


class Reading(NamedTuple):
    """A probe's predictions of one factor in n test rows and the true values; scores and intervals come from it.

    For a discrete factor both are classes (n,), and ``varies`` is empty. Otherwise they are regression targets (n, 1),
    or (n, 2) for a circular factor, and ``varies`` tells for each target whether it varied in training.
    """

    predicted: torch.Tensor
    truth: torch.Tensor
    varies: tuple[bool, ...] = ()

    @property
    def score(self) -> FactorScore:
        """The mean R² of the targets that vary, or the balanced accuracy."""
        if not self.varies:
            return FactorScore(balanced_accuracy(self.predicted, self.truth), accuracy(self.predicted, self.truth))
        values = [r2(self.predicted[:, i], self.truth[:, i]) for i, varies in enumerate(self.varies) if varies]
        values = [value for value in values if not math.isnan(value)]
        return FactorScore(float(np.mean(values)) if values else math.nan)


def predict_ridge(train: torch.Tensor, targets: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Predict (n_test, T) by ridge regression of ``targets`` (n, T) on standardised ``train`` (n, D).

    Minimises ``Σ (target − x·w − b)² + α‖w‖²``. For each target α is selected from ``n·(1e-4 … 10)`` by the exact
    leave-one-out error, as in scikit-learn's ``RidgeCV``; a fixed small α would fit noise unless D is far below n.
    Values of ``test`` far outside a feature's range in training are clipped (:data:`BEYOND`): a unit that is rarely
    active has a tiny std, and a single image that activates it would dominate the R² (−10 instead of .5 for a ReLU
    backbone of width 2,000).
    """
    n = len(train)
    center = targets.mean(0)
    left, values, right = torch.linalg.svd(train - train.mean(0), full_matrices=False)  # n×r, r, r×D
    projected = left.T @ (targets - center)  # r×T
    best_error = torch.full_like(center, math.inf)
    best_weight: torch.Tensor | None = None
    for penalty in PENALTIES:
        shrink = values.square() / (values.square() + penalty * n)
        leverage = (left.square() @ shrink + 1 / n).clamp(max=1 - 1e-9)
        residual = (targets - center - left @ (shrink[:, None] * projected)) / (1 - leverage)[:, None]
        error = residual.square().mean(0)
        weight = right.T @ ((values / (values.square() + penalty * n))[:, None] * projected)
        better = error < best_error
        best_weight = weight if best_weight is None else torch.where(better, weight, best_weight)
        best_error = torch.where(better, error, best_error)
    assert best_weight is not None  # there is at least one penalty
    low, high = train.amin(0), train.amax(0)
    reach = BEYOND * (high - low)
    return (test.clamp(low - reach, high + reach) - train.mean(0)) @ best_weight + center


def r2(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the share of the variance of ``truth`` (n,) that the prediction explains; NaN if it does not vary."""
    spread = (truth - truth.mean()).square().sum()
    return (1 - (truth - predicted).square().sum() / spread).item() if spread > 1e-12 * len(truth) else math.nan


def encode_factor(values: torch.Tensor, factor: Factor) -> torch.Tensor:
    """Return values (n,) as regression targets (n, 1), or (n, 2) = (sin, cos) for a circular factor in radians."""
    return torch.stack([values.sin(), values.cos()], dim=1) if factor.kind == "circular" else values[:, None]


def read_factor(train: Array, values: Array, test: Array, test_values: Array, factor: Factor) -> Reading | None:
    """Learn ``factor`` from ``train`` (n, D) with ``values`` (n,) and predict it in ``test`` (n_test, D).

    Rows with a value that is not finite (or a class below 0) are left out. Returns None if too few rows or classes are
    left to learn.
    """
    train, test = tensor(train), tensor(test)
    values, truth = tensor(values, train.device), tensor(test_values, train.device)
    lowest = 0 if factor.kind == "discrete" else -math.inf
    train_rows = values.isfinite() & (values >= lowest)
    test_rows = truth.isfinite() & (truth >= lowest)
    train, values = train[train_rows], values[train_rows]
    test, truth = test[test_rows], truth[test_rows]
    if len(train) < 3 or len(test) < 2:
        return None
    train, test = standardise(train, test)
    if factor.kind != "discrete":
        return _read_numbers(train, [values], test, [truth], [factor])[0]
    if len(values.unique()) < 2:
        return None
    return Reading(predict_logistic(train, values.long(), test), truth.long())


def read_factors(
    train: Array, values: Mapping[str, Array], test: Array, test_values: Mapping[str, Array], factors: Sequence[Factor]
) -> dict[str, Reading | None]:
    """Return {name: reading} of several factors, as :func:`read_factor` gives each.

    Continuous and circular factors without missing values share one decomposition of ``train``, which takes nearly all
    of the time if features are wide.
    """
    train, test = tensor(train), tensor(test)
    learnt = {f.name: tensor(values[f.name], train.device) for f in factors}
    truth = {f.name: tensor(test_values[f.name], train.device) for f in factors}
    complete = [
        f
        for f in factors
        if f.kind != "discrete" and bool(learnt[f.name].isfinite().all() and truth[f.name].isfinite().all())
    ]
    readings: dict[str, Reading | None] = {}
    if len(complete) > 1 and len(train) >= 3 and len(test) >= 2:
        scaled, scaled_test = standardise(train, test)
        values_of_complete = [learnt[f.name] for f in complete]
        truth_of_complete = [truth[f.name] for f in complete]
        joint_readings = _read_numbers(scaled, values_of_complete, scaled_test, truth_of_complete, complete)
        readings = dict(zip([f.name for f in complete], joint_readings, strict=True))
    for f in factors:
        if f.name not in readings:
            readings[f.name] = read_factor(train, learnt[f.name], test, truth[f.name], f)
    return {f.name: readings[f.name] for f in factors}


def _read_numbers(
    train: torch.Tensor,
    values: Sequence[torch.Tensor],
    test: torch.Tensor,
    truths: Sequence[torch.Tensor],
    factors: Sequence[Factor],
) -> list[Reading]:
    """Predict continuous and circular factors from standardised features, with one decomposition of ``train``."""
    targets = [encode_factor(v, f) for v, f in zip(values, factors, strict=True)]
    true_targets = [encode_factor(v, f) for v, f in zip(truths, factors, strict=True)]
    predictions = predict_ridge(train, torch.cat(targets, 1), test).split([target.shape[1] for target in targets], 1)
    return [
        Reading(predicted, true_target, tuple((target.std(0) > 1e-6).tolist()))
        for predicted, true_target, target in zip(predictions, true_targets, targets, strict=True)
    ]


def _scores(readings: Mapping[str, Reading | None]) -> dict[str, FactorScore]:
    return {name: reading.score if reading else FactorScore(math.nan) for name, reading in readings.items()}


def halves(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two disjoint halves of ``0..count-1`` in a fixed random order."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[: (count + 1) // 2], order[(count + 1) // 2 :]


def read_views(
    views: Array, drawn: Mapping[str, np.ndarray], factors: tuple[Factor, ...], seed: int = 0
) -> dict[str, Reading | None]:
    """Predict every style factor from the features of views: learnt on half of the data, tested on the other N' data.

    Args:
        views: features (V, N, D).
        drawn: {name: (V, N)}, the factors that were drawn for each view.

    Returns:
        {name: reading}; the V·N' rows of a reading are ordered view by view.
    """
    views = tensor(views)
    learnt, held_out = halves(views.shape[1], seed)
    drawn_factors = [factor for factor in factors if factor.name in drawn]
    values = {factor.name: writable(drawn[factor.name]) for factor in drawn_factors}
    return read_factors(
        views[:, learnt].flatten(0, 1),
        {name: value[:, learnt].flatten() for name, value in values.items()},
        views[:, held_out].flatten(0, 1),
        {name: value[:, held_out].flatten() for name, value in values.items()},
        drawn_factors,
    )


def view_scores(
    views: Array, drawn: Mapping[str, np.ndarray], factors: tuple[Factor, ...], seed: int = 0
) -> dict[str, FactorScore]:
    """Return {name: score} of every style factor, as :func:`read_views` predicts it."""
    return _scores(read_views(views, drawn, factors, seed))


def image_scores(
    train: Array,
    values: Mapping[str, Array],
    test: Array,
    test_values: Mapping[str, Array],
    factors: tuple[Factor, ...],
) -> dict[str, FactorScore]:
    """Return {name: score} of every true factor, learnt from training images and predicted in held-out images."""
    measured = [f for f in factors if f.name in values and f.name in test_values]
    return _scores(read_factors(train, values, test, test_values, measured))


def mean_r2(scores: Mapping[str, FactorScore], factors: tuple[Factor, ...]) -> float:
    """Return the mean R² over the continuous and circular factors, each clipped at 0; NaN if there is none."""
    regressed = {f.name for f in factors if f.kind != "discrete"}
    values = [max(0.0, s.score) for name, s in scores.items() if name in regressed and not math.isnan(s.score)]
    return float(np.mean(values)) if values else math.nan


@measures(
    "style_r2",
    title="Style: mean R²",
    family="style",
    unit="R²",
    better="higher",
    low=0.0,
    high=1.0,
    chance=0.0,
    term="R²",
    place=30,
    headline=True,
    tables=("compare", "runs", "train", "shell", "study"),
    column="style R²",
    layers=True,
)
@measures(
    "style:*",
    title="Style: {}",
    family="style",
    unit="R² or balanced accuracy",
    better="higher",
    high=1.0,
    chance="1/values or 0",
    term="R²",
    place=60,
    tables=("compare", "study"),
)
@measures(
    "style_accuracy:*",
    title="Style accuracy: {}",
    family="style",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    help="The share of views for which a linear probe predicts this factor correctly.",
    place=62,
)
def style_scores(features: Features) -> dict[str, float]:
    """Return the scores of each style factor that was drawn for the views, and ``style_r2`` over all of them."""
    scores = view_scores(features.views, features.view_factors, features.factors)
    numbers = {f"style:{name}": score.score for name, score in scores.items()}
    numbers |= {f"style_accuracy:{name}": score.plain_accuracy for name, score in scores.items()}
    return numbers | {"style_r2": mean_r2(scores, features.factors)}


@measures(
    "factor:*",
    title="Factor: {}",
    family="factors",
    unit="R² or balanced accuracy",
    better="higher",
    high=1.0,
    chance="1/values or 0",
    term="R²",
    place=61,
    tables=("compare", "study"),
)
@measures(
    "factor_accuracy:*",
    title="Factor accuracy: {}",
    family="factors",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    help="The share of held-out images for which a linear probe predicts this true factor correctly.",
    place=63,
)
def factor_scores(features: Features) -> dict[str, float]:
    """Return the scores of each true factor of the images, except for a factor that equals the label."""
    factors = tuple(f for f in features.true_factors if not _is_label(features, f.name))
    scores = image_scores(features.train, features.train_factors, features.test, features.test_factors, factors)
    numbers = {f"factor:{name}": score.score for name, score in scores.items()}
    return numbers | {f"factor_accuracy:{name}": score.plain_accuracy for name, score in scores.items()}


def _is_label(features: Features, name: str) -> bool:
    values = features.test_factors.get(name)
    return values is not None and np.array_equal(values.astype(np.int64), features.test_labels)
