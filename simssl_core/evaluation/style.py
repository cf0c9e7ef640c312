"""Style probes: how well can what *differs* between views be read from frozen features?

The lab draws the views itself, so every factor is known exactly: continuous ones are read by ridge regression (R²),
circular ones as (sin, cos) (mean R² of the two), discrete ones by logistic regression (balanced accuracy). True factors
of the images (position, hue, an attribute) are read by the same functions. Values are raw: an R² below zero says that
the probe was fooled by chance. NaN: the question cannot be asked (a factor that never varies).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from simssl_core.data.types import Factor
from simssl_core.evaluation.logistic import predict_logistic
from simssl_core.evaluation.probes import Array, accuracy, balanced_accuracy, standardise, tensor, writable

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # per training row
BEYOND = 0.25  # of a feature's range in training: how far outside of it a test value may lie


class FactorScore(NamedTuple):
    """``score``: R² (continuous, circular) or balanced accuracy (discrete, with its ``plain_accuracy``)."""

    score: float
    plain_accuracy: float = math.nan


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
    assert best_weight is not None  # there are penalties
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


def probe_factor(train: Array, values: Array, test: Array, test_values: Array, factor: Factor) -> FactorScore:
    """How well ``factor`` can be read: learnt from ``train`` (n, D) with ``values`` (n,), asked on ``test``.

    Rows with a value that is not finite (or a class below 0) take no part.
    """
    train, test = tensor(train), tensor(test)
    values, truth = tensor(values, train.device), tensor(test_values, train.device)
    lowest = 0 if factor.kind == "discrete" else -math.inf
    kept, asked = values.isfinite() & (values >= lowest), truth.isfinite() & (truth >= lowest)
    train, values, test, truth = train[kept], values[kept], test[asked], truth[asked]
    if len(train) < 3 or len(test) < 2:
        return FactorScore(math.nan)
    train, test = standardise(train, test)
    if factor.kind == "discrete":
        return _probe_discrete(train, values.long(), test, truth.long())
    return _probe_numbers(train, [values], test, [truth], [factor])[0]


def probe_factors(train: Array, values: Mapping, test: Array, test_values: Mapping, factors: Sequence[Factor]) -> dict:
    """{name: score} as :func:`probe_factor` of each; numbers known for every row share one decomposition of ``train``,
    which takes nearly all of the time where features are wide."""
    train, test = tensor(train), tensor(test)
    known = {f.name: (tensor(values[f.name], train.device), tensor(test_values[f.name], train.device)) for f in factors}
    whole = [f for f in factors if f.kind != "discrete" and all(bool(x.isfinite().all()) for x in known[f.name])]
    together: dict[str, FactorScore] = {}
    if len(whole) > 1 and len(train) >= 3 and len(test) >= 2:
        learnt, asked = ([known[f.name][k] for f in whole] for k in (0, 1))
        scaled, scaled_test = standardise(train, test)
        found = _probe_numbers(scaled, learnt, scaled_test, asked, whole)
        together = dict(zip([f.name for f in whole], found, strict=True))
    alone = {f.name: f for f in factors if f.name not in together}
    one_by_one = {name: probe_factor(train, known[name][0], test, known[name][1], f) for name, f in alone.items()}
    return {f.name: (together | one_by_one)[f.name] for f in factors}


def _probe_numbers(
    train: torch.Tensor,
    values: Sequence[torch.Tensor],
    test: torch.Tensor,
    truths: Sequence[torch.Tensor],
    factors: Sequence[Factor],
) -> list[FactorScore]:
    """R² of each continuous or circular factor from standardised features; sine and cosine count as one."""
    targets, goals = ([encode_factor(v, f) for v, f in zip(x, factors, strict=True)] for x in (values, truths))
    widths = [target.shape[1] for target in targets]
    scores = []
    for target, goal, predicted in zip(
        targets, goals, predict_ridge(train, torch.cat(targets, 1), test).split(widths, 1), strict=True
    ):
        parts = [r2(predicted[:, i], goal[:, i]) for i in range(goal.shape[1]) if target[:, i].std() > 1e-6]
        parts = [part for part in parts if not math.isnan(part)]
        scores.append(FactorScore(float(np.mean(parts)) if parts else math.nan))
    return scores


def _probe_discrete(train: torch.Tensor, values: torch.Tensor, test: torch.Tensor, truth: torch.Tensor) -> FactorScore:
    if len(values.unique()) < 2:
        return FactorScore(math.nan)
    predicted = predict_logistic(train, values, test)
    return FactorScore(balanced_accuracy(predicted, truth), accuracy(predicted, truth))


def halves(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two disjoint halves of the data ``0..count-1`` in a fixed random order."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[: (count + 1) // 2], order[(count + 1) // 2 :]


def view_scores(
    views: Array, drawn: Mapping[str, np.ndarray], factors: tuple[Factor, ...], seed: int = 0
) -> dict[str, FactorScore]:
    """Every style factor from the features of views: learnt on half of the data, asked about the other half.

    Args:
        views: (V, N, D). drawn: {name: (V, N)} what was drawn for each view.
    """
    views = tensor(views)
    learnt, asked = halves(views.shape[1], seed)
    known = [factor for factor in factors if factor.name in drawn]
    values = {factor.name: writable(drawn[factor.name]) for factor in known}
    rows, goal = (
        (views[:, at].flatten(0, 1), {name: value[:, at].flatten() for name, value in values.items()})
        for at in (learnt, asked)
    )
    return probe_factors(*rows, *goal, known)


def image_scores(
    train: Array, values: Mapping, test: Array, test_values: Mapping, factors: tuple[Factor, ...]
) -> dict[str, FactorScore]:
    """Every true factor from the features of images as they are: learnt on training images, asked on held-out ones."""
    known = [f for f in factors if f.name in values and f.name in test_values]
    return probe_factors(train, values, test, test_values, known)


def mean_r2(scores: Mapping[str, FactorScore], factors: tuple[Factor, ...]) -> float:
    """Mean R² over the continuous and circular factors, each clipped at 0; NaN if there is none."""
    regressed = {f.name for f in factors if f.kind != "discrete"}
    kept = [max(0.0, s.score) for name, s in scores.items() if name in regressed and not math.isnan(s.score)]
    return float(np.mean(kept)) if kept else math.nan
