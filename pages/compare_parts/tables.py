"""The numbers of a comparison as tables: wide ones to read and sort, a tidy one to compute with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from pages.shared import scores
from pages.shared.cache import cached_by_content
from simssl_core import metrics
from simssl_core.figures.report import Panel
from simssl_core.library.comparison import Group, Number


@cached_by_content
def table(groups: Sequence[Group]) -> Panel:
    """Every score of every group with its error, best content first."""
    names = scores.names([entry for group in groups for entry in group.entries])
    rows = []
    for group in groups:
        row: dict[str, object] = {"run": group.run, "objective": group.objective, "step": group.first.step}
        for name in names:
            number = group.scores.get(name, Number(math.nan))
            row[name] = number.value
            if any(math.isfinite(g.scores[name].error) for g in groups if name in g.scores):
                row[f"{name} ±"] = number.error
        rows.append(row)
    caption = f"Probes are read from frozen encoders on held-out images. {errors_in_words(groups)}"
    return Panel("scores", "All scores", caption, table=pd.DataFrame(rows))


def tidy(groups: Sequence[Group], names: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each number: run, objective, seeds, name, value, error, the 95 % interval, over what the error is."""
    rows = [
        {"run": g.run, "objective": g.objective, "seeds": len(g.entries), "name": name, **g.scores[name].__dict__}
        for g in groups
        for name in (names or g.scores)
        if name in g.scores
    ]
    return pd.DataFrame(rows)


def factors(groups: Sequence[Group]) -> list[str]:
    """The flat names of all style factors, in order."""
    return metrics.matching((name for group in groups for name in group.scores), "style:*")


def errors_in_words(groups: Sequence[Group]) -> str:
    """What the bars and ± mean here."""
    kinds = {number.over for group in groups for number in group.scores.values()} - {""}
    words = {"seeds": "one standard deviation over seeds", "held-out data": "one standard error over held-out data"}
    told = " or ".join(words[kind] for kind in ("seeds", "held-out data") if kind in kinds)
    return f"± is {told}." if told else "Errors are known after a full measurement."


def ceilings_in_words(groups: Sequence[Group]) -> str:
    """A warning where runs were measured with different numbers of data; else nothing."""
    name = "mutual_information_ceiling"
    sizes = {g.title: round(math.exp(g.scores[name].value)) for g in groups if name in g.scores}
    least, most = min(sizes.values(), default=0), max(sizes.values(), default=0)
    if most <= 1.02 * least:  # the pieces of one measurement need not be quite equal
        return ""
    return (
        f" **The ceiling differs here**: N was {least:,} for {_those(sizes, least)} and {most:,} for "
        f"{_those(sizes, most)}. A lower ceiling holds a bar down: compare only bars under the same one."
    )


def _those(sizes: Mapping[str, int], size: int) -> str:
    return ", ".join(title for title, n in sizes.items() if n == size)
