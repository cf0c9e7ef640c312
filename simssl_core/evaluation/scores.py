"""All scores of a run in one flat dictionary, without those that its data does not define (no labels, one class)."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from simssl_core import metrics
from simssl_core.errors import ConfigError, ShapeError
from simssl_core.evaluation.features import Features
from simssl_core.metrics import Metric


def score(features: Features, full: bool = False) -> dict[str, float]:
    """Return {flat name: value} of every metric that is computed from features, live or in ``full``.

    :func:`metrics.rows` lists them with title, unit and range.

    Raises:
        ShapeError: the features are not finite; the encoder has diverged.
    """
    check_finite(features)
    due = [row for row in metrics.rows() if row.source == "features" and row.measured_when(full)]
    numbers = compute(features, due)
    return {name: numbers[name] for name in metrics.ordered(numbers) if not math.isnan(numbers[name])}


def compute(features: Features, rows: Iterable[Metric]) -> dict[str, float]:
    """Return {flat name: value} of the metrics ``rows``, calling each function once; NaN: the score is not defined.

    Raises:
        ConfigError: a function returns something other than its declarations say.
    """
    names_by_call: dict[tuple[Callable, tuple[str, ...]], list[str]] = {}
    for row in rows:
        importlib.import_module(row.module)
        names_by_call.setdefault((metrics.function(row.name), row.reads), []).append(row.name)
    numbers: dict[str, float] = {}
    for (function, reads), names in names_by_call.items():
        arguments = [getattr(features, part) for part in reads] if reads else [features]
        numbers |= _by_name(function(*arguments), names, function.__name__)
    return numbers


def _by_name(answer: float | Mapping[str, float], names: list[str], function: str) -> dict[str, float]:
    """Return an answer as {flat name: value}, for the rows in ``names`` only."""
    if not isinstance(answer, Mapping):
        if len(names) > 1:
            raise ConfigError(f"{function} stands under {', '.join(names)}: it must return a number for each by name")
        return {names[0]: float(answer)}
    numbers: dict[str, float] = {}
    for name, value in answer.items():
        row = metrics.get(name)
        if row is None:
            raise ConfigError(f"{function} returns '{name}', which no @measures declares")
        if row.name in names:
            numbers[name] = float(value)
    return numbers


def check_finite(features: Features) -> None:
    """Raise ShapeError naming the part of ``features`` that holds NaN or infinity."""
    for name in ("train", "test", "views", "map"):
        if not np.isfinite(getattr(features, name)).all():
            raise ShapeError(
                f"the {name} features hold values that are not finite: the encoder has diverged; "
                "lower the learning rate or resume from an earlier checkpoint"
            )
