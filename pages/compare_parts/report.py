"""Shared by the parts of Compare: families, the score of guessing, the report's panels, and a button for ELBO_SSL."""

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
    """The family of each objective (generative, discriminative or reference); unknown objectives are left out."""
    objectives = facts.everything()
    return {group.objective: objectives[group.objective].family for group in groups if group.objective in objectives}


def chance(name: str, data: str) -> float | None:
    """The value of the score ``name`` for guessing on the data set ``data``; None for an unknown data set."""
    info = catalog.find(data)
    return metrics.chance(name, info.classes) if info else None


def all_panels(compared: Comparison, data: str) -> list[Panel]:
    """Every panel that these runs have, for the report."""
    groups = compared.groups
    candidates = [tables.table(groups), panels.tasks(groups), memory.panel(groups)]
    content, style = metrics.headline("content"), metrics.headline("style")
    if all(name in group.scores for group in groups for name in (content, style)):
        trade_off = panels.trade_off(groups, content, style, families(groups), chance(content, data))
        candidates.insert(0, trade_off)
    if theory_check.possible(data):
        candidates.append(theory_check.panel(groups, data))
    for name in panels.SECTIONS:
        candidates += panels.section(name, compared)
    return [panel for panel in candidates if panel is not None]


def bound_button(compared: Comparison) -> None:
    """A button that measures ELBO_SSL of those runs for which it has not been measured."""
    measured = {group.first.run for group in compared.groups if any(result.elbo for result in group.evaluations)}
    runs = [group.first.run for group in compared.groups if group.first.run not in measured and group.first.has_weights]
    help = f"A decoder and a posterior are fitted on the frozen features, about a minute per run: {', '.join(runs)}."
    background_task.task_button(ELBO, runs, "Measure ELBO_SSL of them too", help)
