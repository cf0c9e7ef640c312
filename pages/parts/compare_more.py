"""What several parts of Compare need: families, the level of guessing, every panel at once, a button for ELBO_SSL."""

from __future__ import annotations

from pages.parts import (
    compare_memory,
    compare_panels,
    compare_predictions,
    compare_show,
    compare_tables,
    machine,
)
from simssl_core.data import catalog
from simssl_core.errors import LabError
from simssl_core.figures.report import Panel
from simssl_core.runs.chores import ELBO
from simssl_core.runs.comparison import Comparison, Group


def families(groups: tuple[Group, ...]) -> dict[str, str]:
    """Generative, discriminative or reference, by objective; an unknown one is left out."""
    kinds = machine.registry()
    return {group.objective: kinds[group.objective].family for group in groups if group.objective in kinds}


def chance(data: str) -> float | None:
    """The accuracy of guessing, where the number of classes is known."""
    try:
        classes = catalog.info(data).classes
    except LabError:
        return None
    return 1 / classes if classes > 1 else None


def everything(compared: Comparison, data: str) -> list[Panel]:
    """All panels, for the report."""
    groups = compared.groups
    found = [compare_tables.table(groups), compare_panels.tasks(groups), compare_memory.panel(groups)]
    if all(name in group.scores for group in groups for name in ("linear", "style_r2")):
        found.insert(0, compare_panels.trade_off(groups, "linear", "style_r2", families(groups), chance(data)))
    if data == "sprites":
        found.append(compare_predictions.panel(groups, families(groups)))
    for name in compare_panels.SECTIONS:
        found += compare_panels.section(name, compared)
    return [panel for panel in found if panel is not None]


def ask_bound(compared: Comparison) -> None:
    """A button for ELBO_SSL of those runs that it is not known of."""
    known = {g.first.run for g in compared.groups if any(found.elbo for found in g.found)}
    runs = [g.first.run for g in compared.groups if g.first.run not in known and g.first.has_weights]
    about = f"A decoder and a posterior are fitted on the frozen features, about a minute a run: {', '.join(runs)}."
    compare_show.chore(ELBO, runs, "Measure ELBO_SSL of them too", about)
