"""How often the theory's prediction of what is kept and what is lost was right, over every factor of every cell."""

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


def compare_with_theory(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each factor of each cell: data, label, family, seed, factor, said, found, right."""
    rows = [row for kept in found if kept.get("scores") for row in _of_cell(kept)]
    return pd.DataFrame(rows, columns=["data", "label", "family", "seed", "factor", "said", "found", "right"])


def _of_cell(kept: Mapping[str, Any]) -> list[tuple]:
    config = parse(RunConfig, kept["config"], "config")
    member, scores = config.members[0], kept["scores"]
    about, data = facts.find(member.objective), catalog.find(config.data.name)
    if about is None:  # an objective that this laboratory does not have: nothing is predicted of it
        return []
    shared = config.views.shared if data and data.procedural else ()
    asked = {name.partition(":")[2]: (name, _chance(name)) for name in metrics.matching(scores, "style:*")}
    asked |= {name: (f"factor:{name}", 0.0) for name in shared if f"factor:{name}" in scores}
    content, classes = metrics.headline("content"), max(2, len(kept.get("classes") or ()))
    asked |= {"class": (content, metrics.chance(content, classes))} if content in scores else {}
    rows = []
    for factor, (name, chance) in sorted(asked.items()):
        said = theory.predict(about.keeps, factor, (*shared, "class"))
        if said is not None and scores[name] is not None:
            seen = theory.observed(scores[name], chance)
            head = (config.data.name, member.label, about.family, config.train.seed)
            rows.append((*head, factor, said, seen, said == seen))
    return rows


def _chance(name: str) -> float | None:
    return metrics.chance(name, 2 if name.removeprefix("style:") in YES_OR_NO else 0)


def markdown(table: pd.DataFrame) -> str:
    """Right predictions by family, for what views share and for what they do not."""
    if not len(table):
        return "No predictions: no generative or discriminative objective was measured."
    lines = ["| data | family | kept, as said | lost, as said | right |", "|---|---|---|---|---|"]
    for (data, family), rows in table.groupby(["data", "family"]):
        by = [rows[rows.said == said].right for said in ("kept", "lost")]
        cells = [f"{int(one.sum())} of {len(one)}" if len(one) else "–" for one in by]
        lines.append(f"| {data} | {family} | {' | '.join(cells)} | {rows.right.mean():.0%} |")
    lines.append(f"\nRight in {int(table.right.sum())} of {len(table)} cases ({table.right.mean():.0%}).")
    return "\n".join(lines)
