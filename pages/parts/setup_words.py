"""A race that is about to start, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from simssl_core.config import RunConfig
from simssl_core.data import catalog


def summary(config: RunConfig) -> str:
    """The race in one sentence."""
    objectives = _listed(member.label for member in config.members)
    limit = f", at most {config.train.seconds:g} s" if config.train.seconds else ""
    return (
        f"{objectives} on {config.views.count} views of {catalog.info(config.data.name).title}: "
        f"{config.model.encoder}, {config.model.width} dimensions, {config.train.steps:,} steps{limit}."
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
