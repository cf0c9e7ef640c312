"""The numbers of a comparison as tables: a wide one to read and sort, a tidy one to compute with."""

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
    """A panel with every score of every group and its error, a row per group."""
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
    """One row per number: run, objective, number of seeds, name, value, error, 95 % interval, and the error's kind."""
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
    """What error bars and ± mean for these groups, as a sentence."""
    kinds = {number.over for group in groups for number in group.scores.values()} - {""}
    meaning_by_kind = {
        "seeds": "one standard deviation over seeds",
        "held-out data": "one standard error over held-out data",
    }
    meanings = " or ".join(meaning for kind, meaning in meaning_by_kind.items() if kind in kinds)
    return f"± is {meanings}." if meanings else "Errors are available after a full measurement."


def ceilings_in_words(groups: Sequence[Group]) -> str:
    """A warning if runs were measured with different numbers of data, else an empty string."""
    name = "mutual_information_ceiling"
    sizes = {g.title: round(math.exp(g.scores[name].value)) for g in groups if name in g.scores}
    least, most = min(sizes.values(), default=0), max(sizes.values(), default=0)
    if most <= 1.02 * least:  # the batches of one measurement may differ slightly in size
        return ""
    return (
        f" **The ceiling differs here**: N was {least:,} for {_titles(sizes, least)} and {most:,} for "
        f"{_titles(sizes, most)}. A lower ceiling holds a bar down, so compare only bars under the same ceiling."
    )


def _titles(sizes: Mapping[str, int], size: int) -> str:
    return ", ".join(title for title, other in sizes.items() if other == size)
