"""Runs: all runs in a table, to rename, delete, resume, export and import."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.runs_parts import actions
from pages.shared import glossary, layout
from pages.shared.run_picker import all_runs
from simssl_core import library, metrics
from simssl_core.library import RunEntry
from simssl_core.metrics import Metric

ROWS = 16  # visible at once; the table scrolls to the others
COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "objective": st.column_config.TextColumn("Objective", width=130),
    "data": "Data set",
    "status": "Status",
    "step": st.column_config.NumberColumn("Step", format="localized"),
    "created": st.column_config.DatetimeColumn("Started", format="YYYY-MM-DD HH:mm"),
    "size": st.column_config.NumberColumn("MB", format="%.1f"),
}


def score_column(metric: Metric) -> st.column_config.ColumnConfig:
    """A bar for a score between 0 and 1, else a number.

    The title of a headline metric, such as "Content: …", is split: its first part is the column's title, the rest the
    help text.
    """
    title, help = metric.title, None
    family, _, description = metric.title.partition(": ")
    if metric.headline and description:
        title, help = family, description[:1].upper() + description[1:]
    help = help or glossary.of_score(metric.name)
    if (metric.low, metric.high) == (0, 1):
        return st.column_config.ProgressColumn(title, help=help, min_value=0, max_value=1, format="%.2f")
    return st.column_config.NumberColumn(title, help=help, format="%.1f" if metric.high is None else "%.2f")


def rows(entries: list[RunEntry]) -> pd.DataFrame:
    """The table's content, one row per run."""
    sizes = library.sizes()
    return pd.DataFrame(
        {
            "run": [e.run for e in entries],
            "objective": [e.objective for e in entries],
            "data": [e.data for e in entries],
            "status": [e.status for e in entries],
            "step": [e.step for e in entries],
            **{metric.name: [e.scores.get(metric.name) for e in entries] for metric in metrics.in_table("runs")},
            "created": pd.to_datetime([e.created or None for e in entries], utc=True, errors="coerce"),
            "size": [sizes.get(e.run, 0) / 1e6 for e in entries],
        }
    )


def matching(entries: list[RunEntry], text: str) -> list[RunEntry]:
    """The runs in which every word of ``text`` occurs (name, objective, data set, status)."""
    words = text.lower().split()

    def matches(entry: RunEntry) -> bool:
        description = f"{entry.run} {entry.objective} {entry.data} {entry.status}".lower()
        return all(word in description for word in words)

    return [entry for entry in entries if matches(entry)]


def table(entries: list[RunEntry]) -> list[RunEntry]:
    """Show the table and return the runs whose rows are ticked."""
    event = st.dataframe(
        rows(entries),
        hide_index=True,
        column_config=COLUMNS | {metric.name: score_column(metric) for metric in metrics.in_table("runs")},
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        height=min(ROWS, len(entries)) * 35 + 37,
        key=f"{actions.TABLE}.{st.session_state.get(actions.TABLE, 0)}.{len(entries)}",
    )
    return [entries[row] for row in event.selection.rows if row < len(entries)]


layout.header("Runs", "What has been trained here, and how do I keep, share or continue it?")
with layout.guard():
    all_entries = all_runs()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="runs_search",
            type="search",
            live=True,
            placeholder="name, objective, data set, status",
            bind="query-params",
            width=360,
        )
        with st.container(horizontal=True, width="content"):
            actions.trash_button()
            actions.import_button()
    actions.undo_button()
    matches = matching(all_entries, text or "")
    if not all_entries:
        layout.empty("No runs yet", "Train a run, or import one that somebody gave you.", "pages/train.py", "Train")
    elif not matches:
        layout.empty(f"Nothing matches “{text}”", "Search for part of a name, an objective, a data set or a status.")
    else:
        ticked = table(matches)
        total = sum(library.sizes().values()) / 1e6
        layout.caption(
            f"{len(matches)} of {len(all_entries)} runs; all take up {total:,.1f} MB. Tick rows to act on them."
        )
        if len(ticked) == 1:
            actions.show_run(ticked[0])
        elif ticked:
            with st.container(horizontal=True, vertical_alignment="center"):
                map_query = {"runs": [entry.run for entry in ticked[:4]]}
                layout.link("pages/latent_map.py", "Maps side by side", "scatter_plot", map_query)
                compare_query = {"compare_data": ticked[0].data, "compare_runs": [entry.run for entry in ticked]}
                layout.link("pages/compare.py", "Compare", "query_stats", compare_query)
                actions.delete_button(ticked)
