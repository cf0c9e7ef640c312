"""Procedural data: what the theory predicts each objective keeps of each factor, beside what the probe measured."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pages.shared.cache import cached_by_content
from simssl_core import metrics
from simssl_core.data import catalog
from simssl_core.data.catalog import DatasetInfo
from simssl_core.evaluation import theory
from simssl_core.figures.predictions import matrix
from simssl_core.figures.report import Panel
from simssl_core.library.comparison import Group
from simssl_core.objectives import facts


def possible(data: str) -> bool:
    """Whether there are predictions for this data set: its views share some factors and draw all others anew."""
    info = catalog.find(data)
    return info is not None and info.procedural


@cached_by_content
def panel(groups: Sequence[Group], data: str) -> Panel | None:
    """The matrix of predictions and results, with the number of agreements; None if no factor of any run was probed."""
    info = catalog.info(data)
    rows = []
    for factor in info.factors:
        for group in groups:
            cell = _cell(factor, group, info)
            if cell is not None:
                rows.append({"factor": factor, "run": group.run, **cell})
    if not rows:
        return None
    row_of = {(row["factor"], row["run"]): row for row in rows}
    factors = [factor for factor in info.factors if any(row["factor"] == factor for row in rows)]
    columns = [
        [[row_of.get((factor, group.run), {}).get(name) for group in groups] for factor in factors]
        for name in ("strength", "said", "right")
    ]
    verdicts = [row["right"] for row in rows if row["right"] is not None]
    shared = " and ".join(sorted({factor for group in groups for factor in _shared(group)}))
    caption = (
        f"Views share {shared}. Each cell says what the theory predicts and whether the probe agrees: the theory was "
        f"right {sum(verdicts)} of {len(verdicts)} times. Deeper blue: the probe reads more of the factor. Kept means "
        "at least half of what there is to know (R², or accuracy above chance). References have no predictions."
    )
    figure = matrix(factors, [group.title for group in groups], *columns)
    return Panel("predictions", "What theory predicts, what the probe finds", caption, figure, data=pd.DataFrame(rows))


def _shared(group: Group) -> tuple[str, ...]:
    return tuple((group.first.config.get("views") or {}).get("shared") or ())


def _cell(factor: str, group: Group, info: DatasetInfo) -> dict | None:
    """Prediction and probe result of one factor of one run; None if the factor was not probed."""
    is_content = factor == info.content
    if is_content and factor in _shared(group):
        score_names: tuple[str, ...] = (metrics.headline("content"),)
    else:
        score_names = (f"style:{factor}", f"factor:{factor}")
    name = next((name for name in score_names if name in group.scores), None)
    if name is None:
        return None
    score = group.scores[name].value
    chance = metrics.chance(name, info.classes if is_content else 0)
    objective = facts.find(group.objective)
    keeps = objective.keeps if objective else ""
    predicted = theory.predict(keeps, factor, _shared(group))
    observed = theory.observed(score, chance)
    return {
        "score": score,
        "strength": theory.strength(score, chance),
        "said": predicted,
        "found": observed,
        "right": None if predicted is None else predicted == observed,
    }
