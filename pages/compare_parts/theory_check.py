"""Data drawn from factors: what the theory says each objective keeps of each factor, beside what the probe found."""

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
    """Whether anything is predicted on this data set: its views share some factors and draw all others anew."""
    about = catalog.find(data)
    return about is not None and about.procedural


@cached_by_content
def panel(groups: Sequence[Group], data: str) -> Panel | None:
    """The matrix with its count; None where no factor of any run was probed."""
    about = catalog.info(data)
    rows = [
        {"factor": factor, "run": group.run, **cell}
        for factor in about.factors
        for group in groups
        if (cell := _cell(factor, group, about))
    ]
    if not rows:
        return None
    known = {(row["factor"], row["run"]): row for row in rows}
    factors = [factor for factor in about.factors if any(row["factor"] == factor for row in rows)]
    columns = [
        [[known.get((factor, g.run), {}).get(name) for g in groups] for factor in factors]
        for name in ("strength", "said", "right")
    ]
    judged = [row["right"] for row in rows if row["right"] is not None]
    shared = " and ".join(sorted({factor for group in groups for factor in _shared(group)}))
    caption = (
        f"Views share {shared}. Each cell says what the theory expected, and whether the probe agreed: it was right "
        f"{sum(judged)} of {len(judged)} times. Deeper blue: more of the factor was found; kept means at least half of "
        "what there is to know (R², or accuracy above chance). Of references nothing is said."
    )
    figure = matrix(factors, [group.title for group in groups], *columns)
    return Panel("predictions", "What theory says, what the probe found", caption, figure, data=pd.DataFrame(rows))


def _shared(group: Group) -> tuple[str, ...]:
    return tuple((group.first.config.get("views") or {}).get("shared") or ())


def _cell(factor: str, group: Group, about: DatasetInfo) -> dict | None:
    """Probe and prediction of one factor of one run; None where it was not probed."""
    content = factor == about.content
    shared_content = content and factor in _shared(group)
    names = (metrics.headline("content"),) if shared_content else (f"style:{factor}", f"factor:{factor}")
    name = next((name for name in names if name in group.scores), None)
    if name is None:
        return None
    score = group.scores[name].value
    chance = metrics.chance(name, about.classes if content else 0)
    objective = facts.find(group.objective)
    keeps = objective.keeps if objective else ""
    said, found = theory.predict(keeps, factor, _shared(group)), theory.observed(score, chance)
    right = None if said is None else said == found
    return {
        "score": score,
        "strength": theory.strength(score, chance),
        "said": said,
        "found": found,
        "right": right,
    }
