"""Confidence intervals of scores over the choice of test images, from their number or by a bootstrap over them."""

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
Z = 1.959964  # the normal quantile of a 95 % interval


class Interval(NamedTuple):
    """A value, its standard error, and a 95 % interval."""

    value: float
    error: float
    low: float
    high: float


NOTHING = Interval(math.nan, math.nan, math.nan, math.nan)


def bootstrap(statistic: Callable[..., float], *arrays: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Bootstrap ``statistic`` of arrays that share their first axis: rows are drawn with replacement ``draws`` times.

    Returns the percentile interval. Draws whose statistic is NaN (a class that was not drawn) are left out.
    """
    count = len(arrays[0])
    if count == 0:
        return NOTHING
    rng = np.random.default_rng(seed)
    values = [statistic(*(array[rows] for array in arrays)) for rows in rng.integers(0, count, (draws, count))]
    values = [value for value in values if not math.isnan(value)]
    if not values:
        return NOTHING
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(statistic(*arrays)), float(np.std(values)), float(low), float(high))


def share(value: float, count: int) -> Interval:
    """Return the standard error and Wilson's 95 % interval of a share ``value`` of ``count`` independent cases."""
    error = math.sqrt(max(0.0, value * (1 - value)) / count)
    centre = (value + Z**2 / (2 * count)) / (1 + Z**2 / count)
    reach = Z * math.sqrt(max(0.0, value * (1 - value)) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return Interval(value, error, max(0.0, min(value, centre - reach)), min(1.0, max(value, centre + reach)))


def intervals(features: Features, scores: Mapping[str, float], draws: int = DRAWS) -> dict[str, Interval]:
    """Return {flat name: interval} for those of ``scores`` that have one; NaN intervals are left out.

    ``scores`` are those of :func:`simssl_core.evaluation.scores.score` on the same ``features``.
    """
    tests = int((features.test_labels >= 0).sum())
    shares = [row.name for row in metrics.rows() if row.is_share]
    results = {name: share(scores[name], tests) for name in shares if name in scores and tests}
    readings = {factor.name: _read_views(features, factor) for factor in features.factors}
    if "style_r2" in scores:
        results["style_r2"] = style_interval(features, readings, draws)
    for name, reading in readings.items():
        if f"style:{name}" in scores:
            results[f"style:{name}"] = _interval(reading, draws)
    for factor in features.true_factors:
        if f"factor:{factor.name}" in scores:
            results[f"factor:{factor.name}"] = image_interval(features, factor, draws)
    return {name: interval for name, interval in results.items() if math.isfinite(interval.error)}


def style_interval(
    features: Features, readings: Mapping[str, Grouped | None] | None = None, draws: int = DRAWS
) -> Interval:
    """Return the interval of ``style_r2``, the mean over the continuous and circular factors, each clipped at 0.

    The bootstrap draws a datum with all of its views, since these are not independent. ``readings`` are the grouped
    predictions of each factor, if they have been made already.
    """
    regressed = [f for f in features.factors if f.kind != "discrete" and f.name in features.view_factors]
    readings = readings or {f.name: _read_views(features, f) for f in regressed}
    predictions = [readings[f.name] for f in regressed]
    complete = [grouped for grouped in predictions if grouped is not None]
    if not complete or len(complete) < len(predictions):
        return NOTHING
    errors, spreads = zip(*(_squares(grouped) for grouped in complete), strict=True)
    return bootstrap(_mean_clipped_r2, _pairs(errors), _pairs(spreads), draws=draws)


def view_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """Return the interval of ``style:<factor>``, with the predictions of :func:`style.view_scores`."""
    return _interval(_read_views(features, factor), draws)


def image_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """Return the interval of ``factor:<name>``, with the predictions of :func:`style.image_scores`."""
    values, truth = features.train_factors[factor.name], features.test_factors[factor.name]
    reading = style.read_factor(features.train, values, features.test, truth, factor)
    return _interval(_grouped(reading, views=1) if reading else None, draws)


class Grouped(NamedTuple):
    """A probe's predictions and the true values, with one row for each of G test data and its V views.

    Both are classes (G, V) of a discrete factor, otherwise regression targets (G, V, T).
    """

    predicted: torch.Tensor
    truth: torch.Tensor
    discrete: bool


def _grouped(reading: style.Reading, views: int) -> Grouped:
    """Group the rows of a reading, which are ordered view by view, by datum."""

    def by_datum(rows: torch.Tensor) -> torch.Tensor:
        return rows.unflatten(0, (views, -1)).transpose(0, 1)

    return Grouped(by_datum(reading.predicted), by_datum(reading.truth), discrete=not reading.varies)


def _read_views(features: Features, factor: Factor) -> Grouped | None:
    """Predict ``factor`` in the views; None if a value is missing or fewer than two data are left to test on."""
    drawn = features.view_factors.get(factor.name)
    lowest = 0 if factor.kind == "discrete" else -math.inf
    if drawn is None or not (np.isfinite(drawn) & (drawn >= lowest)).all():
        return None
    reading = style.read_views(features.views, features.view_factors, (factor,))[factor.name]
    grouped = _grouped(reading, len(features.views)) if reading else None
    return grouped if grouped is not None and len(grouped.truth) >= 2 else None


def _interval(grouped: Grouped | None, draws: int) -> Interval:
    """Bootstrap the score of these predictions over data, each with all of its views."""
    if grouped is None:
        return NOTHING
    if grouped.discrete:
        return bootstrap(_balanced, *_class_counts(grouped.predicted, grouped.truth), draws=draws)
    errors, spreads = _squares(grouped)
    return bootstrap(_r2, errors.cpu().numpy(), spreads.cpu().numpy(), draws=draws)


def _squares(grouped: Grouped) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sums of squares (G, T) over a datum's views of the errors and of the deviations from the mean."""
    center = grouped.truth.flatten(0, 1).mean(0)
    errors = (grouped.truth - grouped.predicted).square().sum(1)
    spreads = (grouped.truth - center).square().sum(1)
    return errors, spreads


def _pairs(parts: tuple[torch.Tensor, ...]) -> np.ndarray:
    """Stack (G, 1 or 2) of each factor to (G, F, 2); the single target of a continuous factor is repeated.

    So all factors have the same weight.
    """
    return torch.stack([part.expand(-1, 2) for part in parts]).transpose(0, 1).cpu().numpy()


def _mean_clipped_r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """Return the mean over factors of R², from sums of squares (G, F, 2); each factor's mean R² is clipped at 0."""
    spread = spreads.sum(0)
    r2 = 1 - errors.sum(0) / np.where(spread > 0, spread, np.inf)
    return float(np.clip(r2.mean(1), 0, None).mean())


def _class_counts(predicted: torch.Tensor, truth: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of correct predictions and of cases, (G, C) each, by group and class."""
    classes = truth.unique()
    is_class = truth[..., None] == classes  # G×V×C
    correct = (is_class & (predicted == truth)[..., None]).sum(1)
    return correct.double().cpu().numpy(), is_class.sum(1).double().cpu().numpy()


def _balanced(correct: np.ndarray, cases: np.ndarray) -> float:
    """Return the balanced accuracy from counts (G, C), over the classes that occur."""
    correct, cases = correct.sum(0), cases.sum(0)
    occurs = cases > 0
    return float((correct[occurs] / cases[occurs]).mean()) if occurs.any() else math.nan


def _r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """Return the mean R² over the targets (one, or sin and cos) that vary, from sums of squares (G, T)."""
    spread = spreads.sum(0)
    varies = spread > 1e-12 * len(spreads)
    return float((1 - errors.sum(0)[varies] / spread[varies]).mean()) if varies.any() else math.nan
