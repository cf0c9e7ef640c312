"""How far a number could be off: over test images (bootstrap) and over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from simssl_core.evaluation import probes, style
from simssl_core.evaluation.features import Features

DRAWS = 500


class Interval(NamedTuple):
    """A value, its standard error, and a 95 % interval."""

    value: float
    error: float
    low: float
    high: float


NOTHING = Interval(math.nan, math.nan, math.nan, math.nan)


def bootstrap(statistic: Callable[..., float], *arrays: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Interval:
    """``statistic`` of arrays that share their first axis, and how it varies when rows are drawn anew with replacement.

    The interval is the percentile one. Draws whose statistic is NaN (a class that was not drawn) are left out.
    """
    count = len(arrays[0])
    if count == 0:
        return NOTHING
    rng = np.random.default_rng(seed)
    found = [statistic(*(a[rows] for a in arrays)) for rows in rng.integers(0, count, (draws, count))]
    found = [f for f in found if not math.isnan(f)]
    if not found:
        return NOTHING
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(float(statistic(*arrays)), float(np.std(found)), float(low), float(high))


def over_seeds(values: Sequence[float]) -> Interval:
    """Mean over seeds, the **standard deviation** over them (divisor n − 1) as ``error``, and mean ± t·error/√n (95 %).

    NaN values are left out; a single seed has no deviation (NaN).
    """
    from scipy.stats import t

    known = np.asarray([v for v in values if not math.isnan(v)], dtype=np.float64)
    if len(known) == 0:
        return NOTHING
    mean = float(known.mean())
    if len(known) == 1:
        return Interval(mean, math.nan, math.nan, math.nan)
    deviation = float(known.std(ddof=1))
    reach = float(t.ppf(0.975, len(known) - 1)) * deviation / math.sqrt(len(known))
    return Interval(mean, deviation, mean - reach, mean + reach)


def content_interval(features: Features, probe: str = "linear", draws: int = DRAWS) -> Interval:
    """Accuracy of the ``linear``, ``knn``, ``knn_euclidean`` or ``mlp`` probe, with its error over test images."""
    predict = {
        "linear": probes.predict_linear,
        "knn": probes.predict_knn,
        "knn_euclidean": lambda t: probes.predict_knn(t, metric="euclidean"),
        "mlp": probes.predict_mlp,
    }[probe]
    t = probes.task(features.train, features.train_labels, features.test, features.test_labels)
    if not t.possible:
        return NOTHING
    right = (predict(t) == t.test_labels).double().cpu().numpy()
    return bootstrap(np.mean, right, draws=draws)


def style_interval(features: Features, draws: int = DRAWS) -> Interval:
    """``style_r2`` (mean over the continuous and circular factors, each clipped at 0), with its error over test data.

    A datum is drawn with all of its views, which are not independent of each other.
    """
    views = probes.tensor(features.views)
    learnt, asked = style.halves(views.shape[1])
    errors, spreads = [], []
    for factor in features.factors:
        if factor.kind == "discrete" or factor.name not in features.view_factors or len(asked) < 2:
            continue
        targets = style.encode_factor(probes.tensor(features.view_factors[factor.name]).flatten(), factor)
        targets = targets.unflatten(0, views.shape[:2])  # (V, N, 1 or 2)
        train, test = probes.standardise(views[:, learnt].flatten(0, 1), views[:, asked].flatten(0, 1))
        predicted = style.predict_ridge(train, targets[:, learnt].flatten(0, 1), test).view_as(targets[:, asked])
        goal = targets[:, asked]
        center = goal.mean((0, 1))
        errors.append((goal - predicted).square().sum(0))  # (N', 1 or 2)
        spreads.append((goal - center).square().sum(0))
    if not errors:
        return NOTHING
    parts = [torch.stack(p) for p in _same_width(errors, spreads)]
    return bootstrap(_mean_clipped_r2, *(p.transpose(0, 1).cpu().numpy() for p in parts), draws=draws)


def _same_width(
    errors: list[torch.Tensor], spreads: list[torch.Tensor]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Continuous factors count their one target twice, so that all factors are (N', 2) and weigh the same."""
    return tuple([part.expand(-1, 2) for part in parts] for parts in (errors, spreads))


def _mean_clipped_r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """From sums of squares (N', F, 2): R² of each target, mean over the two of a factor, clipped, mean over factors."""
    spread = spreads.sum(0)
    r2 = 1 - errors.sum(0) / np.where(spread > 0, spread, np.inf)
    return float(np.clip(r2.mean(1), 0, None).mean())
