"""The scores that the runs on a page have, in the order in which tables show them (:mod:`simssl_core.metrics`)."""

from __future__ import annotations

from collections.abc import Sequence

from simssl_core import metrics
from simssl_core.library import RunEntry


def names(entries: Sequence[RunEntry]) -> list[str]:
    """The flat names of all scores that any run has: single scores, then each factor's, then undeclared ones."""
    present = sorted({name for entry in entries for name in entry.scores})
    declared = {name: metrics.get(name) for name in present}
    return metrics.ordered(name for name, metric in declared.items() if metric is None or "compare" in metric.tables)
