"""How far off each number of a full measurement could be: one interval for each probe, over held-out data.

Accuracies have the interval of a share (Wilson's); R² and balanced accuracy are drawn anew (bootstrap), a datum with
all of its views, which are not independent of each other. The encoder and the probe stay as they are: what another
training would give is told by seeds alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch

from simssl_core.data.views import Factor
from simssl_core.evaluation import probes, style, uncertainty
from simssl_core.evaluation.features import Features
from simssl_core.evaluation.logistic import predict_logistic
from simssl_core.evaluation.uncertainty import NOTHING, Interval

SHARES = ("linear", "knn", "knn_euclidean", "mlp", "cluster_acc")
DRAWS = 300
Z = 1.959964


def intervals(features: Features, scores: Mapping[str, float], draws: int = DRAWS) -> dict[str, Interval]:
    """By flat name, for those of ``scores`` (of :func:`score.score` on the same features) whose error can be told."""
    tests = int((features.test_labels >= 0).sum())
    found = {name: share(scores[name], tests) for name in SHARES if name in scores and tests}
    if "style_r2" in scores:
        found["style_r2"] = uncertainty.style_interval(features, draws)
    for factor in features.factors:
        if f"style:{factor.name}" in scores:
            found[f"style:{factor.name}"] = view_interval(features, factor, draws)
    for factor in features.true_factors:
        if f"factor:{factor.name}" in scores:
            found[f"factor:{factor.name}"] = image_interval(features, factor, draws)
    return {name: interval for name, interval in found.items() if math.isfinite(interval.error)}


def share(value: float, count: int) -> Interval:
    """A share ``value`` of ``count`` independent cases, its standard error and Wilson's 95 % interval."""
    error = math.sqrt(max(0.0, value * (1 - value)) / count)
    centre = (value + Z**2 / (2 * count)) / (1 + Z**2 / count)
    reach = Z * math.sqrt(max(0.0, value * (1 - value)) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return Interval(value, error, max(0.0, min(value, centre - reach)), min(1.0, max(value, centre + reach)))


def view_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """The error of ``style:<factor>``: probed as :func:`style.view_scores` does."""
    views = probes.tensor(features.views)
    drawn = probes.tensor(features.view_factors[factor.name])
    learnt, asked = style.halves(views.shape[1])
    train, values = views[:, learnt].flatten(0, 1), drawn[:, learnt].flatten()
    test, truth = (x[:, asked].transpose(0, 1) for x in (views, drawn))  # a row for each datum, its views in it
    return _interval(train, values, test, truth, factor, draws)


def image_interval(features: Features, factor: Factor, draws: int = DRAWS) -> Interval:
    """The error of ``factor:<name>``: probed as :func:`style.image_scores` does."""
    values = probes.tensor(features.train_factors[factor.name])
    truth = probes.tensor(features.test_factors[factor.name])
    lowest = 0 if factor.kind == "discrete" else -math.inf
    kept, asked = (x.isfinite() & (x >= lowest) for x in (values, truth))
    train, test = probes.tensor(features.train)[kept], probes.tensor(features.test)[asked]
    return _interval(train, values[kept], test[:, None], truth[asked][:, None], factor, draws)


def _interval(train, values, test, truth, factor: Factor, draws: int) -> Interval:
    """Learn from ``train`` (n, D); ask about ``test`` (G, V, D) with ``truth`` (G, V), drawing whole groups anew."""
    groups, count = truth.shape
    if len(train) < 3 or groups < 2 or not bool(truth.isfinite().all() and values.isfinite().all()):
        return NOTHING
    train, rows = probes.standardise(train, test.flatten(0, 1))
    if factor.kind == "discrete":
        if len(values.unique()) < 2:
            return NOTHING
        predicted = predict_logistic(train, values.long(), rows).view(groups, count)
        parts = _class_counts(predicted, truth.long())
        return uncertainty.bootstrap(_balanced, *parts, draws=draws)
    predicted = style.predict_ridge(train, style.encode_factor(values, factor), rows)
    goal = style.encode_factor(truth.flatten(), factor)
    errors = (goal - predicted).square().unflatten(0, (groups, count)).sum(1)
    spreads = (goal - goal.mean(0)).square().unflatten(0, (groups, count)).sum(1)
    return uncertainty.bootstrap(_r2, errors.cpu().numpy(), spreads.cpu().numpy(), draws=draws)


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
