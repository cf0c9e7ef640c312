"""All numbers of a run in one flat dictionary. What cannot be asked of the data (no labels, one class) is left out."""

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
    """Every metric that is declared to be computed from features, live or in ``full``, by its flat name.

    Which there are, with title, unit and range: :func:`metrics.rows`.

    Raises:
        ShapeError: features that are not finite: the encoder has diverged.
    """
    check_finite(features)
    due = [row for row in metrics.rows() if row.source == "features" and row.measured_when(full)]
    numbers = compute(features, due)
    return {name: numbers[name] for name in metrics.ordered(numbers) if not math.isnan(numbers[name])}


def compute(features: Features, rows: Iterable[Metric]) -> dict[str, float]:
    """The metrics of ``rows``, whose functions are called once each; NaN: the question has no answer.

    Raises:
        ConfigError: a function returns something other than what is declared above it.
    """
    asked: dict[tuple[Callable, tuple[str, ...]], list[str]] = {}
    for row in rows:
        importlib.import_module(row.module)
        asked.setdefault((metrics.function(row.name), row.reads), []).append(row.name)
    numbers: dict[str, float] = {}
    for (function, reads), names in asked.items():
        answer = function(*(getattr(features, part) for part in reads) if reads else (features,))
        numbers |= _by_name(answer, names, function.__name__)
    return numbers


def _by_name(answer: float | Mapping[str, float], names: list[str], function: str) -> dict[str, float]:
    """An answer by flat name, without what was not asked for (``names``: of rows)."""
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
