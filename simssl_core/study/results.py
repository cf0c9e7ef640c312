"""A study's results: a tidy table of all numbers, and a Markdown table of means ± standard deviations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from simssl_core import metrics
from simssl_core.config import RunConfig, parse
from simssl_core.objectives import facts

COLUMNS = ("data", "objective", "label", "family", "seed", "metric", "value", "steps", "seconds")
MOST_TRUE = 8  # at most so many columns for true factors that views do not redraw (a viewing angle, attributes)


def tidy(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each number of each finished cell, with the columns :data:`COLUMNS`; a failed cell has no rows."""
    objectives = facts.everything()
    rows = []
    for record in records:
        config = parse(RunConfig, record["config"], "config")
        member = config.members[0]
        family = objectives[member.objective].family if member.objective in objectives else "unknown"
        head = (config.data.name, member.objective, member.label, family, config.train.seed)
        for metric, value in {**(record.get("scores") or {}), **_ends(record), **_terms(record)}.items():
            if value is not None:
                rows.append((*head, metric, float(value), record["steps"], record["seconds"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _ends(record: Mapping[str, Any]) -> dict[str, float]:
    """Style R² at the backbone and at the output of the projection head; empty for a network without a head."""
    scores = record.get("scores") or {}
    layers = [name for name in scores if name.startswith("layer:") and name.endswith(":style_r2")]
    if len(layers) < 3:  # only backbone and representation: there is no head
        return {}
    return {"backbone": scores["layer:backbone:style_r2"], "output": scores[layers[-1]]}


def _terms(record: Mapping[str, Any]) -> dict[str, float]:
    """The loss of the last training batch by the roles of ELBO_SSL, in the objective's own units."""
    roles = record.get("roles") or {}
    return {f"role:{name}": roles[name] for name in ("pull", "push", "reconstruct", "other") if name in roles}


def failures(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each cell whose training failed: label, seed and reason."""
    lines = []
    for record in records:
        if record.get("failed"):
            config = parse(RunConfig, record["config"], "config")
            lines.append(f"{config.members[0].label}, seed {config.train.seed}: {record['failed']}")
    return lines


def values(table: pd.DataFrame, data: str, label: str, metric: str) -> dict[int, float]:
    """``{seed: value}`` of one metric of one label on one data set."""
    rows = table[(table.data == data) & (table.label == label) & (table.metric == metric)]
    return dict(zip(rows.seed.astype(int), rows.value.astype(float), strict=True))


def markdown(table: pd.DataFrame, data: str) -> str:
    """Mean ± standard deviation over seeds as a Markdown table: a row for each label, by family, best content first."""
    rows = table[table.data == data]
    styles = sorted(metrics.matching(rows.metric, "style:*"))
    factors = sorted(metrics.matching(rows.metric, "factor:*"))
    factors = [metric for metric in factors if metric.replace("factor:", "style:", 1) not in styles][:MOST_TRUE]
    single = [metric.name for metric in metrics.in_table("study") if not metric.is_pattern]
    after = single.index(metrics.headline("style")) + 1  # the single factors follow their mean
    columns = [*single[:after], *styles, *factors, *single[after:]]
    columns = [name for name in columns if (rows.metric == name).any()]
    seconds = rows.drop_duplicates(["label", "seed"]).groupby("label").seconds
    head = [*map(metrics.column, columns), "seconds"]
    lines = [f"| {data} | {' | '.join(head)} |", "|" + "---|" * (len(head) + 1)]
    for label in _ordered(rows):
        cells = [_cell(list(values(rows, data, label, name).values())) for name in columns]
        lines.append(f"| {label} | {' | '.join(cells)} | {seconds.get_group(label).mean():.0f} |")
    return "\n".join(lines)


def _ordered(rows: pd.DataFrame) -> list[str]:
    """The labels: generative, discriminative, then all others, each by falling mean content score."""
    places = {"generative": 0, "discriminative": 1}
    content = rows[rows.metric == metrics.headline("content")].groupby("label").value.mean()
    families = rows.drop_duplicates("label").set_index("label").family
    return sorted(families.index, key=lambda label: (places.get(families[label], 2), -content.get(label, 0.0)))


def _cell(numbers: list[float]) -> str:
    if not numbers:
        return "–"
    mean = sum(numbers) / len(numbers)
    digits = 1 if abs(mean) >= 2 else 3
    if len(numbers) == 1:
        return f"{mean:.{digits}f}"
    std = math.sqrt(sum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1))
    return f"{mean:.{digits}f} ± {std:.{digits}f}"
