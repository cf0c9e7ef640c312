"""Compare: which representation serves which task, what each has kept, and how sure that is."""

from __future__ import annotations

import streamlit as st

from pages.parts import compare_memory, compare_panels, compare_show, compare_tables, layout, machine, scores
from pages.parts.runs_picker import all_runs
from simssl_core.data import catalog
from simssl_core.errors import LabError
from simssl_core.runs.chores import ELBO, FULL
from simssl_core.runs.comparison import Comparison, Group, compare
from simssl_core.runs.library import RunEntry

OVERVIEW, INSIDE, INFORMATION, MEMORY = "Overview", "Inside", "Information", "Memory"
NEEDS_FULL = "Press “Measure in full” above: it takes up to a minute a run and goes on in the background."


def chosen(entries: list[RunEntry]) -> tuple[str, list[RunEntry]]:
    """The runs to compare: one data set, then all of its runs or those picked by hand."""
    sets = sorted({entry.data for entry in entries}, key=lambda name: (name != "sprites", name))
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    with left:
        data = st.selectbox("Data set", sets, key="compare_data", bind="query-params")
    here = {entry.run: entry for entry in entries if entry.data == data}
    with right:
        picked = st.multiselect(
            "Runs", list(here), key="compare_runs", placeholder="All runs on this data set", bind="query-params"
        )
    return data, [here[run] for run in picked if run in here] or list(here.values())


def overview(groups: tuple[Group, ...], data: str) -> None:
    """The trade, the tasks, and every score in a table."""
    entries = [entry for group in groups for entry in group.entries]
    known = scores.names(entries)
    content = [name for name in known if name in scores.CONTENT]
    style = [name for name in known if name.startswith("style")]
    if content and style:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("Content against style", anchor=False)
            with st.container(horizontal=True):
                across = st.selectbox("Content is", content, format_func=scores.title, key="compare_content")
                up = st.selectbox("Style is", style, format_func=scores.title, key="compare_style")
            compare_show.panel(
                compare_panels.trade_off(groups, across, up, families(groups), chance(data)), heading=False
            )
        with right:
            if tasks := compare_panels.tasks(groups):
                compare_show.panel(tasks)
    else:
        layout.empty(
            "These runs have no scores yet",
            "They are measured while they train; let one run for a moment.",
            "pages/train.py",
            "Train",
        )
    compare_show.panel(compare_tables.table(groups))


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


def everything(compared: Comparison, data: str) -> list:
    """All panels, for the report."""
    groups = compared.groups
    found = [compare_tables.table(groups), compare_panels.tasks(groups), compare_memory.panel(groups)]
    if all(name in group.scores for group in groups for name in ("linear", "style_r2")):
        found.insert(0, compare_panels.trade_off(groups, "linear", "style_r2", families(groups), chance(data)))
    for panels in compare_panels.sections(compared).values():
        found += panels
    return [panel for panel in found if panel is not None]


def section(name: str, compared: Comparison, data: str) -> None:
    """The part of the page that was chosen."""
    if name == OVERVIEW:
        overview(compared.groups, data)
    elif name == MEMORY:
        compare_memory.strips(compared.groups)
    else:
        panels = compare_panels.sections(compared)[name]
        for panel in panels:
            compare_show.panel(panel)
        if name == INFORMATION:
            ask_bound(compared)
        if not panels:
            layout.empty("These runs were not measured in full yet", NEEDS_FULL)


def ask_bound(compared: Comparison) -> None:
    """A button for ELBO_SSL of those runs that it is not known of."""
    known = {g.first.run for g in compared.groups if any(found.elbo for found in g.found)}
    runs = [g.first.run for g in compared.groups if g.first.run not in known and g.first.has_weights]
    about = f"A decoder and a posterior are fitted on the frozen features, about a minute a run: {', '.join(runs)}."
    compare_show.chore(ELBO, runs, "Measure ELBO_SSL of them too", about)


def main() -> None:
    """The page from top to bottom."""
    layout.header("Compare", "Which representation serves which task?")
    with layout.guard():
        scored = [entry for entry in all_runs() if entry.scores and entry.status != "damaged"]
        if not scored:
            layout.empty(
                "Nothing to compare yet", "Runs appear here once they are measured.", "pages/train.py", "Train"
            )
            return
        data, entries = chosen(scored)
        compared = compare(entries)
        for run, why in compared.trouble.items():
            st.warning(f"**{run}**: its full measurement cannot be read. {why}", icon=":material/error:")
        resting = {entry.run for entry in entries if not entry.live}
        to_do = [run for run in compared.unmeasured if run in resting]
        with st.container(horizontal=True, vertical_alignment="center"):
            parts = [OVERVIEW, INSIDE, INFORMATION, MEMORY]
            part = st.segmented_control(
                "Part", parts, default=OVERVIEW, key="compare_part", required=True, label_visibility="collapsed"
            )
            compare_show.downloads(
                data,
                lambda: everything(compared, data),
                lambda: compare_tables.tidy(compared.groups).to_csv(index=False),
            )
        compare_show.chore(
            FULL,
            to_do,
            f"Measure {len(to_do)} in full" if len(to_do) < len(entries) else "Measure in full",
            f"Every probe with its uncertainty, layer by layer, up to a minute a run: {', '.join(to_do)}.",
        )
        section(part if part in parts else OVERVIEW, compared, data)


main()
