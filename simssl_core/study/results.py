"""A study's results: one tidy table of everything, and one of means ± standard deviations to read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from simssl_core import metrics
from simssl_core.config import RunConfig, parse
from simssl_core.objectives import facts

COLUMNS = ("data", "objective", "label", "family", "seed", "metric", "value", "steps", "seconds")
MOST_TRUE = 8  # columns for true factors that no view draws anew (a view angle, attributes)


def tidy(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each number of each finished cell: the columns of :data:`COLUMNS`; a failed cell has none."""
    known = facts.everything()
    rows = []
    for kept in found:
        config = parse(RunConfig, kept["config"], "config")
        member = config.members[0]
        family = known[member.objective].family if member.objective in known else "unknown"
        head = (config.data.name, member.objective, member.label, family, config.train.seed)
        for metric, value in {**(kept.get("scores") or {}), **_ends(kept), **_terms(kept)}.items():
            if value is not None:
                rows.append((*head, metric, float(value), kept["steps"], kept["seconds"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _ends(kept: Mapping[str, Any]) -> dict[str, float]:
    """Style at the two ends of the network, where it has a head: what a projection head is for."""
    layers = [name for name in kept.get("scores") or {} if name.startswith("layer:") and name.endswith(":style_r2")]
    if len(layers) < 3:  # backbone and representation alone: no head
        return {}
    return {"backbone": kept["scores"]["layer:backbone:style_r2"], "output": kept["scores"][layers[-1]]}


def _terms(kept: Mapping[str, Any]) -> dict[str, float]:
    """The loss of the last training batch by the roles of ELBO_SSL, in the objective's own units."""
    found = kept.get("roles") or {}
    return {f"role:{name}": found[name] for name in ("pull", "push", "reconstruct", "other") if name in found}


def failures(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each cell whose training failed."""
    said = []
    for kept in found:
        if kept.get("failed"):
            config = parse(RunConfig, kept["config"], "config")
            said.append(f"{config.members[0].label}, seed {config.train.seed}: {kept['failed']}")
    return said


def values(table: pd.DataFrame, data: str, label: str, metric: str) -> dict[int, float]:
    """{seed: value} of one number."""
    rows = table[(table.data == data) & (table.label == label) & (table.metric == metric)]
    return dict(zip(rows.seed.astype(int), rows.value.astype(float), strict=True))


def markdown(table: pd.DataFrame, data: str) -> str:
    """Mean ± standard deviation over seeds, one row for each objective, best content first within each family."""
    here = table[table.data == data]
    styles = sorted(metrics.matching(here.metric, "style:*"))
    true = sorted(metrics.matching(here.metric, "factor:*"))
    true = [metric for metric in true if metric.replace("factor:", "style:", 1) not in styles][:MOST_TRUE]
    single = [row.name for row in metrics.in_table("study") if not row.is_pattern]
    after = single.index(metrics.headline("style")) + 1  # the factors stand behind their mean
    columns = [*single[:after], *styles, *true, *single[after:]]
    columns = [name for name in columns if (here.metric == name).any()]
    seconds = here.drop_duplicates(["label", "seed"]).groupby("label").seconds
    head = [*map(metrics.column, columns), "seconds"]
    lines = [f"| {data} | {' | '.join(head)} |", "|" + "---|" * (len(head) + 1)]
    for label in _ordered(here):
        cells = [_cell(list(values(here, data, label, name).values())) for name in columns]
        lines.append(f"| {label} | {' | '.join(cells)} | {seconds.get_group(label).mean():.0f} |")
    return "\n".join(lines)


def _ordered(here: pd.DataFrame) -> list[str]:
    places = {"generative": 0, "discriminative": 1}
    content = here[here.metric == metrics.headline("content")].groupby("label").value.mean()
    families = here.drop_duplicates("label").set_index("label").family
    return sorted(families.index, key=lambda label: (places.get(families[label], 2), -content.get(label, 0.0)))


def _cell(found: list[float]) -> str:
    if not found:
        return "–"
    mean = sum(found) / len(found)
    digits = 1 if abs(mean) >= 2 else 3
    if len(found) == 1:
        return f"{mean:.{digits}f}"
    std = math.sqrt(sum((value - mean) ** 2 for value in found) / (len(found) - 1))
    return f"{mean:.{digits}f} ± {std:.{digits}f}"
