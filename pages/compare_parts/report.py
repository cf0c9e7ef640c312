"""What several parts of Compare need: families, the level of guessing, every panel at once, a button for ELBO_SSL."""

from __future__ import annotations

from pages.compare_parts import memory, panels, tables, theory_check
from pages.shared import background_task
from simssl_core import metrics
from simssl_core.data import catalog
from simssl_core.figures.report import Panel
from simssl_core.jobs.background_tasks import ELBO
from simssl_core.library.comparison import Comparison, Group
from simssl_core.objectives import facts


def families(groups: tuple[Group, ...]) -> dict[str, str]:
    """Generative, discriminative or reference, by objective; an unknown one is left out."""
    known = facts.everything()
    return {group.objective: known[group.objective].family for group in groups if group.objective in known}


def chance(name: str, data: str) -> float | None:
    """What guessing gets in the score ``name`` on ``data``, where the number of classes is known."""
    about = catalog.find(data)
    return metrics.chance(name, about.classes) if about else None


def all_panels(compared: Comparison, data: str) -> list[Panel]:
    """All panels, for the report."""
    groups = compared.groups
    found = [tables.table(groups), panels.tasks(groups), memory.panel(groups)]
    content, style = metrics.headline("content"), metrics.headline("style")
    if all(name in group.scores for group in groups for name in (content, style)):
        found.insert(0, panels.trade_off(groups, content, style, families(groups), chance(content, data)))
    if theory_check.possible(data):
        found.append(theory_check.panel(groups, data))
    for name in panels.SECTIONS:
        found += panels.section(name, compared)
    return [panel for panel in found if panel is not None]


def bound_button(compared: Comparison) -> None:
    """A button for ELBO_SSL of those runs that it is not known of."""
    known = {g.first.run for g in compared.groups if any(evaluation.elbo for evaluation in g.evaluations)}
    runs = [g.first.run for g in compared.groups if g.first.run not in known and g.first.has_weights]
    about = f"A decoder and a posterior are fitted on the frozen features, about a minute a run: {', '.join(runs)}."
    background_task.task_button(ELBO, runs, "Measure ELBO_SSL of them too", about)
