"""How often the theory predicted correctly whether a representation keeps a factor, over all factors and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from simssl_core import metrics
from simssl_core.config import RunConfig, parse
from simssl_core.data import catalog
from simssl_core.evaluation import theory
from simssl_core.objectives import facts

YES_OR_NO = ("hflip", "vflip", "greyscale")


def compare_with_theory(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each factor of each cell: data, label, family, seed, factor, said, found, right.

    ``said`` is the prediction and ``found`` the measurement, ``kept`` or ``lost``; ``right``: they agree.
    """
    rows = [row for record in records if record.get("scores") for row in _cell_rows(record)]
    return pd.DataFrame(rows, columns=["data", "label", "family", "seed", "factor", "said", "found", "right"])


def _cell_rows(record: Mapping[str, Any]) -> list[tuple]:
    """The rows of one cell; none for an objective that this laboratory does not have."""
    config = parse(RunConfig, record["config"], "config")
    member, scores = config.members[0], record["scores"]
    objective, data_set = facts.find(member.objective), catalog.find(config.data.name)
    if objective is None:
        return []
    shared = config.views.shared if data_set and data_set.procedural else ()
    metric_of = {name.partition(":")[2]: (name, _chance(name)) for name in metrics.matching(scores, "style:*")}
    metric_of |= {name: (f"factor:{name}", 0.0) for name in shared if f"factor:{name}" in scores}
    content = metrics.headline("content")
    if content in scores:
        classes = max(2, len(record.get("classes") or ()))
        metric_of["class"] = (content, metrics.chance(content, classes))
    rows = []
    for factor, (metric, chance) in sorted(metric_of.items()):
        predicted = theory.predict(objective.keeps, factor, (*shared, "class"))
        if predicted is not None and scores[metric] is not None:
            observed = theory.observed(scores[metric], chance)
            head = (config.data.name, member.label, objective.family, config.train.seed)
            rows.append((*head, factor, predicted, observed, predicted == observed))
    return rows


def _chance(name: str) -> float | None:
    """The score that guessing reaches in a ``style:`` metric; yes-or-no factors have two classes."""
    return metrics.chance(name, 2 if name.removeprefix("style:") in YES_OR_NO else 0)


def markdown(table: pd.DataFrame) -> str:
    """The correct predictions as a Markdown table by data set and family, for kept and for lost factors."""
    if not len(table):
        return "No predictions: no generative or discriminative objective was measured."
    lines = ["| data | family | kept, as said | lost, as said | right |", "|---|---|---|---|---|"]
    for (data, family), rows in table.groupby(["data", "family"]):
        columns = [rows[rows.said == verdict].right for verdict in ("kept", "lost")]
        cells = [f"{int(right.sum())} of {len(right)}" if len(right) else "–" for right in columns]
        lines.append(f"| {data} | {family} | {' | '.join(cells)} | {rows.right.mean():.0%} |")
    lines.append(f"\nRight in {int(table.right.sum())} of {len(table)} cases ({table.right.mean():.0%}).")
    return "\n".join(lines)
