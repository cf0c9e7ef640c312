"""Style probes: how well can what *differs* between views be read from frozen features?

The lab draws the views itself, so every factor is known exactly: continuous ones are read by ridge regression (R²),
circular ones as (sin, cos) (mean R² of the two), discrete ones by logistic regression (balanced accuracy). True factors
of the images (position, hue, an attribute) are read by the same functions. Values are raw: an R² below zero says that
the probe was fooled by chance. NaN: the question cannot be asked (a factor that never varies).
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
BEYOND = 0.25  # of a feature's range in training: how far outside of it a test value may lie


class FactorScore(NamedTuple):
    """``score``: R² (continuous, circular) or balanced accuracy (discrete, with its ``plain_accuracy``)."""

    score: float
    plain_accuracy: float = math.nan


class Reading(NamedTuple):
    """What a probe predicted of a factor in n test rows, and the ``truth``: scores and intervals both come from it.

    Classes (n,) of a discrete factor, else regression targets (n, 1), circular ones (n, 2), of which those with a True
    in ``varies`` were not constant in training.
    """

    predicted: torch.Tensor
    truth: torch.Tensor
    varies: tuple[bool, ...] = ()

    @property
    def score(self) -> FactorScore:
        """The mean R² of the targets, or the balanced accuracy."""
        if not self.varies:
            return FactorScore(balanced_accuracy(self.predicted, self.truth), accuracy(self.predicted, self.truth))
        parts = [r2(self.predicted[:, i], self.truth[:, i]) for i, varies in enumerate(self.varies) if varies]
        parts = [part for part in parts if not math.isnan(part)]
        return FactorScore(float(np.mean(parts)) if parts else math.nan)


def predict_ridge(train: torch.Tensor, targets: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Ridge regression of ``targets`` (n, T) on standardised ``train`` (n, D); predictions (n_test, T).

    ``Σ (target − x·w − b)² + α‖w‖²``, α chosen for each target among ``n·(1e-4 … 10)`` by the exact leave-one-out error
    (as scikit-learn's ``RidgeCV``): a fixed small α would fit noise wherever D is not far below n. Values of ``test``
    far outside a feature's range in training are cut (:data:`BEYOND`): a unit that hardly ever fires has a tiny std,
    and one image that wakes it would decide the whole R² (−10 instead of .5 at a 2,000 wide ReLU backbone).
    """
    n = len(train)
    center = targets.mean(0)
    left, values, right = torch.linalg.svd(train - train.mean(0), full_matrices=False)  # n×r, r, r×D
    along = left.T @ (targets - center)  # r×T
    best_error = torch.full_like(center, math.inf)
    best_weight: torch.Tensor | None = None
    for penalty in PENALTIES:
        shrink = values.square() / (values.square() + penalty * n)
        leverage = (left.square() @ shrink + 1 / n).clamp(max=1 - 1e-9)
        residual = (targets - center - left @ (shrink[:, None] * along)) / (1 - leverage)[:, None]
        error = residual.square().mean(0)
        weight = right.T @ ((values / (values.square() + penalty * n))[:, None] * along)
        better = error < best_error
        best_weight = weight if best_weight is None else torch.where(better, weight, best_weight)
        best_error = torch.where(better, error, best_error)
    assert best_weight is not None  # there is at least one penalty
    low, high = train.amin(0), train.amax(0)
    reach = BEYOND * (high - low)
    return (test.clamp(low - reach, high + reach) - train.mean(0)) @ best_weight + center


def r2(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Share of the variance of ``truth`` (n,) that the prediction explains; NaN where it does not vary."""
    spread = (truth - truth.mean()).square().sum()
    return (1 - (truth - predicted).square().sum() / spread).item() if spread > 1e-12 * len(truth) else math.nan


def encode_factor(values: torch.Tensor, factor: Factor) -> torch.Tensor:
    """Values (n,) as regression targets (n, 1), or (n, 2) = (sin, cos) for a circular factor in radians."""
    return torch.stack([values.sin(), values.cos()], dim=1) if factor.kind == "circular" else values[:, None]


def read_factor(train: Array, values: Array, test: Array, test_values: Array, factor: Factor) -> Reading | None:
    """Learn ``factor`` from ``train`` (n, D) with ``values`` (n,) and read it in ``test``; None: it cannot be learnt.

    Rows with a value that is not finite (or a class below 0) take no part.
    """
    train, test = tensor(train), tensor(test)
    values, truth = tensor(values, train.device), tensor(test_values, train.device)
    lowest = 0 if factor.kind == "discrete" else -math.inf
    kept, asked = values.isfinite() & (values >= lowest), truth.isfinite() & (truth >= lowest)
    train, values, test, truth = train[kept], values[kept], test[asked], truth[asked]
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
    """{name: reading} as :func:`read_factor` of each; numbers known for every row share one decomposition of ``train``,
    which takes nearly all of the time where features are wide."""
    train, test = tensor(train), tensor(test)
    learnt = {f.name: tensor(values[f.name], train.device) for f in factors}
    truth = {f.name: tensor(test_values[f.name], train.device) for f in factors}
    whole = [
        f
        for f in factors
        if f.kind != "discrete" and bool(learnt[f.name].isfinite().all() and truth[f.name].isfinite().all())
    ]
    readings: dict[str, Reading | None] = {}
    if len(whole) > 1 and len(train) >= 3 and len(test) >= 2:
        scaled, scaled_test = standardise(train, test)
        together = _read_numbers(
            scaled, [learnt[f.name] for f in whole], scaled_test, [truth[f.name] for f in whole], whole
        )
        readings = dict(zip([f.name for f in whole], together, strict=True))
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
    """Read continuous and circular factors from standardised features, with one decomposition of ``train``."""
    targets = [encode_factor(v, f) for v, f in zip(values, factors, strict=True)]
    goals = [encode_factor(v, f) for v, f in zip(truths, factors, strict=True)]
    predictions = predict_ridge(train, torch.cat(targets, 1), test).split([target.shape[1] for target in targets], 1)
    return [
        Reading(predicted, goal, tuple((target.std(0) > 1e-6).tolist()))
        for predicted, goal, target in zip(predictions, goals, targets, strict=True)
    ]


def _scores(readings: Mapping[str, Reading | None]) -> dict[str, FactorScore]:
    return {name: reading.score if reading else FactorScore(math.nan) for name, reading in readings.items()}


def halves(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two disjoint halves of the data ``0..count-1`` in a fixed random order."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[: (count + 1) // 2], order[(count + 1) // 2 :]


def read_views(
    views: Array, drawn: Mapping[str, np.ndarray], factors: tuple[Factor, ...], seed: int = 0
) -> dict[str, Reading | None]:
    """Every style factor from the features of views: learnt on half of the data, read in the N' of the other half.

    Args:
        views: (V, N, D). drawn: {name: (V, N)} what was drawn for each view.

    Returns:
        {name: reading}, its rows (V·N',) view by view.
    """
    views = tensor(views)
    learnt, asked = halves(views.shape[1], seed)
    known = [factor for factor in factors if factor.name in drawn]
    values = {factor.name: writable(drawn[factor.name]) for factor in known}
    rows, goal = (
        (views[:, at].flatten(0, 1), {name: value[:, at].flatten() for name, value in values.items()})
        for at in (learnt, asked)
    )
    return read_factors(*rows, *goal, known)


def view_scores(
    views: Array, drawn: Mapping[str, np.ndarray], factors: tuple[Factor, ...], seed: int = 0
) -> dict[str, FactorScore]:
    """How well every style factor is read by :func:`read_views`."""
    return _scores(read_views(views, drawn, factors, seed))


def image_scores(
    train: Array,
    values: Mapping[str, Array],
    test: Array,
    test_values: Mapping[str, Array],
    factors: tuple[Factor, ...],
) -> dict[str, FactorScore]:
    """Every true factor from the features of images as they are: learnt on training images, read in held-out ones."""
    known = [f for f in factors if f.name in values and f.name in test_values]
    return _scores(read_factors(train, values, test, test_values, known))


def mean_r2(scores: Mapping[str, FactorScore], factors: tuple[Factor, ...]) -> float:
    """Mean R² over the continuous and circular factors, each clipped at 0; NaN if there is none."""
    regressed = {f.name for f in factors if f.kind != "discrete"}
    kept = [max(0.0, s.score) for name, s in scores.items() if name in regressed and not math.isnan(s.score)]
    return float(np.mean(kept)) if kept else math.nan


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
    help="The share of views of which a linear probe names this factor rightly.",
    place=62,
)
def style_scores(features: Features) -> dict[str, float]:
    """What can be told of how a view was made: each factor that was drawn for it, and ``style_r2`` of all."""
    drawn = view_scores(features.views, features.view_factors, features.factors)
    numbers = {f"style:{name}": s.score for name, s in drawn.items()}
    numbers |= {f"style_accuracy:{name}": s.plain_accuracy for name, s in drawn.items()}
    return numbers | {"style_r2": mean_r2(drawn, features.factors)}


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
    help="The share of held-out images of which a linear probe names this true factor rightly.",
    place=63,
)
def factor_scores(features: Features) -> dict[str, float]:
    """What can be told of the true factors of images, the label apart."""
    asked = tuple(f for f in features.true_factors if not _is_label(features, f.name))
    parts = (features.train, features.train_factors, features.test, features.test_factors)
    true = image_scores(*parts, asked)
    numbers = {f"factor:{name}": s.score for name, s in true.items()}
    return numbers | {f"factor_accuracy:{name}": s.plain_accuracy for name, s in true.items()}


def _is_label(features: Features, name: str) -> bool:
    values = features.test_factors.get(name)
    return values is not None and np.array_equal(values.astype(np.int64), features.test_labels)
