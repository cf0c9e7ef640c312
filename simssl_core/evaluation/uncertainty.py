"""How far off a score could be: had other test images been drawn, by their count or by a bootstrap over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from simssl_core import metrics
from simssl_core.data.types import Factor
from simssl_core.evaluation import style
from simssl_core.evaluation.features import Features

DRAWS = 300
Z = 1.959964


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
    values = [statistic(*(a[rows] for a in arrays)) for rows in rng.integers(0, count, (draws, count))]
    values = [value for value in values if not math.isnan(value)]
    if not values:
        return NOTHING
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(statistic(*arrays)), float(np.std(values)), float(low), float(high))


def share(value: float, count: int) -> Interval:
    """A share ``value`` of ``count`` independent cases, its standard error and Wilson's 95 % interval."""
    error = math.sqrt(max(0.0, value * (1 - value)) / count)
    centre = (value + Z**2 / (2 * count)) / (1 + Z**2 / count)
    reach = Z * math.sqrt(max(0.0, value * (1 - value)) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return Interval(value, error, max(0.0, min(value, centre - reach)), min(1.0, max(value, centre + reach)))


def intervals(features: Features, scores: Mapping[str, float], draws: int = DRAWS) -> dict[str, Interval]:
    """By flat name, for those of ``scores`` (of :func:`scores.score` on the same features) whose error can be told."""
    tests = int((features.test_labels >= 0).sum())
    shares = [row.name for row in metrics.rows() if row.is_share]
    known = {name: share(scores[name], tests) for name in shares if name in scores and tests}
    readings = {factor.name: _read_views(features, factor) for factor in features.factors}
    if "style_r2" in scores:
        known["style_r2"] = style_interval(features, readings, draws)
    for name, reading in readings.items():
        if f"style:{name}" in scores:
            known[f"style:{name}"] = _interval(reading, draws)
    for factor in features.true_factors:
        if f"factor:{factor.name}" in scores:
            known[f"factor:{factor.name}"] = image_interval(features, factor, draws)
    return {name: interval for name, interval in known.items() if math.isfinite(interval.error)}


def style_interval(
    features: Features, readings: Mapping[str, Grouped | None] | None = None, draws: int = DRAWS
) -> Interval:
    """``style_r2`` (mean over the continuous and circular factors, each clipped at 0), with its error over test data.

    A datum is drawn with all of its views, which are not independent of each other. ``readings``: of each factor where
    they have been made already.
    """
    numbers = [f for f in features.factors if f.kind != "discrete" and f.name in features.view_factors]
    readings = readings or {f.name: _read_views(features, f) for f in numbers}
    groups = [group for f in numbers if (group := readings[f.name]) is not None]
    if not groups or len(groups) < len(numbers):
        return NOTHING
    errors, spreads = zip(*(_squares(group) for group in groups), strict=True)
    return bootstrap(_mean_clipped_r2, _pairs(errors), _pairs(spreads), draws=draws)


def view_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """The error of ``style:<factor>``: read as :func:`style.view_scores` does."""
    return _interval(_read_views(features, factor), draws)


def image_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """The error of ``factor:<name>``: read as :func:`style.image_scores` does."""
    values, truth = features.train_factors[factor.name], features.test_factors[factor.name]
    reading = style.read_factor(features.train, values, features.test, truth, factor)
    return _interval(_grouped(reading, views=1) if reading else None, draws)


class Grouped(NamedTuple):
    """A probe's predictions and the truth, one row for each of G test data, its V views in it: (G, V) classes of a
    discrete factor, else targets (G, V, T)."""

    predicted: torch.Tensor
    truth: torch.Tensor
    discrete: bool


def _grouped(reading: style.Reading, views: int) -> Grouped:
    """A reading whose rows lie view by view, regrouped by datum."""
    predicted, truth = (x.unflatten(0, (views, -1)).transpose(0, 1) for x in (reading.predicted, reading.truth))
    return Grouped(predicted, truth, not reading.varies)


def _read_views(features: Features, factor: Factor) -> Grouped | None:
    """What a probe reads of ``factor`` in the views; None where it cannot be asked of every view of two data."""
    drawn = features.view_factors.get(factor.name)
    lowest = 0 if factor.kind == "discrete" else -math.inf
    if drawn is None or not (np.isfinite(drawn) & (drawn >= lowest)).all():
        return None
    reading = style.read_views(features.views, features.view_factors, (factor,))[factor.name]
    grouped = _grouped(reading, len(features.views)) if reading else None
    return grouped if grouped is not None and len(grouped.truth) >= 2 else None


def _interval(grouped: Grouped | None, draws: int) -> Interval:
    """The score of these predictions, whole data drawn anew."""
    if grouped is None:
        return NOTHING
    if grouped.discrete:
        return bootstrap(_balanced, *_class_counts(grouped.predicted, grouped.truth), draws=draws)
    errors, spreads = _squares(grouped)
    return bootstrap(_r2, errors.cpu().numpy(), spreads.cpu().numpy(), draws=draws)


def _squares(grouped: Grouped) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums of squares (G, T) over a datum's views: of the errors, and of the distances from the mean."""
    center = grouped.truth.flatten(0, 1).mean(0)
    return (grouped.truth - grouped.predicted).square().sum(1), (grouped.truth - center).square().sum(1)


def _pairs(parts: tuple[torch.Tensor, ...]) -> np.ndarray:
    """(G, F, 2) of (G, 1 or 2) for each factor: a continuous one counts its one target twice, so all weigh alike."""
    return torch.stack([part.expand(-1, 2) for part in parts]).transpose(0, 1).cpu().numpy()


def _mean_clipped_r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """From sums of squares (G, F, 2): R² of each target, mean over the two of a factor, clipped, mean over factors."""
    spread = spreads.sum(0)
    r2 = 1 - errors.sum(0) / np.where(spread > 0, spread, np.inf)
    return float(np.clip(r2.mean(1), 0, None).mean())


def _class_counts(predicted: torch.Tensor, truth: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Right answers and cases of each class in each group: (G, C) both."""
    classes = truth.unique()
    is_class = truth[..., None] == classes  # G×V×C
    right = (is_class & (predicted == truth)[..., None]).sum(1)
    return right.double().cpu().numpy(), is_class.sum(1).double().cpu().numpy()


def _balanced(right: np.ndarray, cases: np.ndarray) -> float:
    right, cases = right.sum(0), cases.sum(0)
    return float((right[cases > 0] / cases[cases > 0]).mean()) if (cases > 0).any() else math.nan


def _r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """Mean over the targets (one, or sin and cos) of R², from sums of squares (G, T); the constant ones apart."""
    spread = spreads.sum(0)
    known = spread > 1e-12 * len(spreads)
    return float((1 - errors.sum(0)[known] / spread[known]).mean()) if known.any() else math.nan
