"""Compare: which representation serves which task, what each one has kept, and how certain these results are."""

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
PREDICTIONS = "Predictions"  # only for procedural data, of which every factor is recorded
NEEDS_FULL = "Press “Measure in full” above. It takes up to a minute per run and works in the background."


def choose_runs(entries: list[RunEntry]) -> tuple[str, list[RunEntry]]:
    """Let the visitor choose a data set and runs on it; returns its name and the runs (all of its runs by default)."""
    datasets = catalog.ordered(entry.data for entry in entries)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    with left:
        data = st.selectbox("Data set", datasets, key="compare_data", bind="query-params")
    candidates = {entry.run: entry for entry in entries if entry.data == data}
    with right:
        run_names = st.multiselect(
            "Runs", list(candidates), key="compare_runs", placeholder="All runs on this data set", bind="query-params"
        )
    selected = [candidates[run] for run in run_names if run in candidates]
    return data, selected or list(candidates.values())


def overview(groups: tuple[Group, ...], data: str) -> None:
    """Show content against style, the tasks, and every score in a table."""
    entries = [entry for group in groups for entry in group.entries]
    score_names = scores.names(entries)
    content_names = [name for name in score_names if metrics.family(name) == "content"]
    style_names = [name for name in score_names if metrics.family(name) == "style"]
    if content_names and style_names:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("Content against style", anchor=False)
            with st.container(horizontal=True):
                content = st.selectbox("Content is", content_names, format_func=metrics.short, key="compare_content")
                style = st.selectbox("Style is", style_names, format_func=metrics.short, key="compare_style")
            panel = panels.trade_off(groups, content, style, families(groups), chance(content, data))
            show.show_panel(panel, heading=False)
        with right:
            if tasks := panels.tasks(groups):
                show.show_panel(tasks)
    else:
        layout.empty(
            "These runs have no scores yet",
            "Runs are measured while they train; let one train for a moment.",
            "pages/train.py",
            "Train",
        )
    show.show_panel(tables.table(groups))


def show_part(name: str, compared: Comparison, data: str) -> None:
    """Show the part of the page called ``name``."""
    if name == OVERVIEW:
        overview(compared.groups, data)
    elif name == MEMORY:
        memory.show_strips(compared.groups)
    elif name == PREDICTIONS:
        if panel := theory_check.panel(compared.groups, data):
            show.show_panel(panel)
    else:
        measured_panels = panels.section(name, compared)
        for panel in measured_panels:
            show.show_panel(panel)
        if name == INFORMATION:
            bound_button(compared)
        if not measured_panels:
            layout.empty("These runs have not been measured in full yet", NEEDS_FULL)


def main() -> None:
    """Show the page from top to bottom."""
    layout.header("Compare", "Which representation serves which task?")
    with layout.guard():
        scored = [entry for entry in all_runs() if entry.scores and entry.status != "damaged"]
        if not scored:
            layout.empty(
                "Nothing to compare yet", "Runs appear here once they have been measured.", "pages/train.py", "Train"
            )
            return
        data, entries = choose_runs(scored)
        compared = compare(entries)
        for run, reason in compared.trouble.items():
            st.warning(f"**{run}**: its full measurement cannot be read. {reason}", icon=":material/error:")
        not_live = {entry.run for entry in entries if not entry.live}
        to_measure = [run for run in compared.unmeasured if run in not_live]
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
            to_measure,
            f"Measure {len(to_measure)} in full" if len(to_measure) < len(entries) else "Measure in full",
            f"Every probe with its uncertainty, layer by layer, up to a minute per run: {', '.join(to_measure)}.",
        )
        show_part(part if part in parts else OVERVIEW, compared, data)


main()
