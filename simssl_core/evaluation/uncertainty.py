"""How far a number could be off: over test images (bootstrap) and over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from simssl_core.data.types import Factor
from simssl_core.evaluation import probes, style
from simssl_core.evaluation.features import Features
from simssl_core.evaluation.logistic import predict_logistic

if TYPE_CHECKING:
    from simssl_core.evaluation.features import Features

if TYPE_CHECKING:
    import numpy as np

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
    return [part.expand(-1, 2) for part in errors], [part.expand(-1, 2) for part in spreads]


def _mean_clipped_r2(errors: np.ndarray, spreads: np.ndarray) -> float:
    """From sums of squares (N', F, 2): R² of each target, mean over the two of a factor, clipped, mean over factors."""
    spread = spreads.sum(0)
    r2 = 1 - errors.sum(0) / np.where(spread > 0, spread, np.inf)
    return float(np.clip(r2.mean(1), 0, None).mean())


SHARES = ("linear", "knn", "knn_euclidean", "mlp", "cluster_acc")
DRAWS = 300
Z = 1.959964


def intervals(features: Features, scores: Mapping[str, float], draws: int = DRAWS) -> dict[str, Interval]:
    """By flat name, for those of ``scores`` (of :func:`score.score` on the same features) whose error can be told."""
    tests = int((features.test_labels >= 0).sum())
    found = {name: share(scores[name], tests) for name in SHARES if name in scores and tests}
    if "style_r2" in scores:
        found["style_r2"] = style_interval(features, draws)
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


def _interval(
    train: torch.Tensor, values: torch.Tensor, test: torch.Tensor, truth: torch.Tensor, factor: Factor, draws: int
) -> Interval:
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
        return bootstrap(_balanced, *parts, draws=draws)
    predicted = style.predict_ridge(train, style.encode_factor(values, factor), rows)
    goal = style.encode_factor(truth.flatten(), factor)
    errors = (goal - predicted).square().unflatten(0, (groups, count)).sum(1)
    spreads = (goal - goal.mean(0)).square().unflatten(0, (groups, count)).sum(1)
    return bootstrap(_r2, errors.cpu().numpy(), spreads.cpu().numpy(), draws=draws)


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


def relative_spectrum(features: Any) -> tuple[float, ...]:
    """The singular values of the centred features (N, D), divided by the largest, falling; zeros if nothing varies."""
    from simssl_core.evaluation.geometry import spectrum

    values = spectrum(features)
    top = float(values.max()) if len(values) else 0.0
    return tuple(min(1.0, float(v)) for v in (values / top if top > 0 else values * 0))


def beside(features: Features, scores: Mapping[str, float]) -> dict[str, Any]:
    """What a measurement finds beside its flat scores without looking at the layers: plain numbers, to be sent."""

    return {
        "train": len(features.train),
        "test": len(features.test),
        "intervals": {name: spread._asdict() for name, spread in intervals(features, scores).items()},
        "spectrum": relative_spectrum(features.test),
    }
