"""Compare: which representation serves which task, what each has kept, and how sure that is."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import memory, panels, show, tables, theory_check
from pages.compare_parts.report import all_panels, bound_button, chance, families
from pages.shared import background_task, layout, scores
from pages.shared.run_picker import all_runs
from simssl_core import metrics
from simssl_core.data import catalog
from simssl_core.jobs.background_tasks import FULL
from simssl_core.library import RunEntry
from simssl_core.library.comparison import Comparison, Group, compare

OVERVIEW, INSIDE, INFORMATION, MEMORY = "Overview", "Inside", "Information", "Memory"
PREDICTIONS = "Predictions"  # of drawn data alone: only there is every factor known
NEEDS_FULL = "Press “Measure in full” above: it takes up to a minute a run and goes on in the background."


def chosen(entries: list[RunEntry]) -> tuple[str, list[RunEntry]]:
    """The runs to compare: one data set, then all of its runs or those picked by hand."""
    sets = catalog.ordered(entry.data for entry in entries)
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
    content = [name for name in known if metrics.family(name) == "content"]
    style = [name for name in known if metrics.family(name) == "style"]
    if content and style:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("Content against style", anchor=False)
            with st.container(horizontal=True):
                across = st.selectbox("Content is", content, format_func=metrics.short, key="compare_content")
                up = st.selectbox("Style is", style, format_func=metrics.short, key="compare_style")
            show.panel(panels.trade_off(groups, across, up, families(groups), chance(across, data)), heading=False)
        with right:
            if tasks := panels.tasks(groups):
                show.panel(tasks)
    else:
        layout.empty(
            "These runs have no scores yet",
            "They are measured while they train; let one run for a moment.",
            "pages/train.py",
            "Train",
        )
    show.panel(tables.table(groups))


def section(name: str, compared: Comparison, data: str) -> None:
    """The part of the page that was chosen."""
    if name == OVERVIEW:
        overview(compared.groups, data)
    elif name == MEMORY:
        memory.strips(compared.groups)
    elif name == PREDICTIONS:
        if shown := theory_check.panel(compared.groups, data):
            show.panel(shown)
    else:
        measured = panels.section(name, compared)
        for panel in measured:
            show.panel(panel)
        if name == INFORMATION:
            bound_button(compared)
        if not measured:
            layout.empty("These runs were not measured in full yet", NEEDS_FULL)


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
            parts = [OVERVIEW, INSIDE, INFORMATION, MEMORY, *([PREDICTIONS] if theory_check.possible(data) else [])]
            part = st.segmented_control(
                "Part", parts, default=OVERVIEW, key="compare_part", required=True, label_visibility="collapsed"
            )
            show.downloads(
                data,
                lambda: all_panels(compared, data),
                lambda: tables.tidy(compared.groups).to_csv(index=False),
            )
        background_task.task_button(
            FULL,
            to_do,
            f"Measure {len(to_do)} in full" if len(to_do) < len(entries) else "Measure in full",
            f"Every probe with its uncertainty, layer by layer, up to a minute a run: {', '.join(to_do)}.",
        )
        section(part if part in parts else OVERVIEW, compared, data)


main()
