"""Runs: every run in a table; rename, delete, resume, take away, bring in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.runs_parts import actions
from pages.shared import glossary, layout
from pages.shared.run_picker import all_runs
from simssl_core import library, metrics
from simssl_core.library import RunEntry
from simssl_core.metrics import Metric

ROWS = 16  # seen at once; the others by scrolling in the table
COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "objective": st.column_config.TextColumn("Objective", width=130),
    "data": "Data set",
    "status": "Status",
    "step": st.column_config.NumberColumn("Step", format="localized"),
    "created": st.column_config.DatetimeColumn("Started", format="YYYY-MM-DD HH:mm"),
    "size": st.column_config.NumberColumn("MB", format="%.1f"),
}


def score_column(row: Metric) -> st.column_config.ColumnConfig:
    """A score as a bar where it lies between 0 and 1, else as a number. A headline is called what it stands for."""
    first, _, rest = row.title.partition(": ")
    title, help = (first, rest[:1].upper() + rest[1:]) if row.headline and rest else (row.title, None)
    help = help or glossary.of_score(row.name)
    if (row.low, row.high) == (0, 1):
        return st.column_config.ProgressColumn(title, help=help, min_value=0, max_value=1, format="%.2f")
    return st.column_config.NumberColumn(title, help=help, format="%.1f" if row.high is None else "%.2f")


def rows(entries: list[RunEntry]) -> pd.DataFrame:
    """The table's rows."""
    size = library.sizes()
    return pd.DataFrame(
        {
            "run": [e.run for e in entries],
            "objective": [e.objective for e in entries],
            "data": [e.data for e in entries],
            "status": [e.status for e in entries],
            "step": [e.step for e in entries],
            **{row.name: [e.scores.get(row.name) for e in entries] for row in metrics.in_table("runs")},
            "created": pd.to_datetime([e.created or None for e in entries], utc=True, errors="coerce"),
            "size": [size.get(e.run, 0) / 1e6 for e in entries],
        }
    )


def matching(entries: list[RunEntry], text: str) -> list[RunEntry]:
    """The runs in which every word of ``text`` occurs (name, objective, data set, status)."""
    words = text.lower().split()
    return [e for e in entries if all(w in f"{e.run} {e.objective} {e.data} {e.status}".lower() for w in words)]


def table(entries: list[RunEntry]) -> list[RunEntry]:
    """The table, and which rows are chosen."""
    picked = st.dataframe(
        rows(entries),
        hide_index=True,
        column_config=COLUMNS | {row.name: score_column(row) for row in metrics.in_table("runs")},
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        height=min(ROWS, len(entries)) * 35 + 37,
        key=f"{actions.TABLE}.{st.session_state.get(actions.TABLE, 0)}.{len(entries)}",
    )
    return [entries[i] for i in picked.selection.rows if i < len(entries)]


layout.header("Runs", "What has been trained here, and how do I keep, share or continue it?")
with layout.guard():
    found = all_runs()
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
            actions.trash()
            actions.bring_in()
    actions.undo()
    shown = matching(found, text or "")
    if not found:
        layout.empty("No runs yet", "Train one, or import one that somebody gave you.", "pages/train.py", "Train")
    elif not shown:
        layout.empty(f"Nothing matches “{text}”", "Search for part of a name, an objective, a data set or a status.")
    else:
        chosen = table(shown)
        total = sum(library.sizes().values()) / 1e6
        layout.caption(f"{len(shown)} of {len(found)} runs, {total:,.1f} MB on the disk. Tick rows to act on them.")
        if len(chosen) == 1:
            actions.one(chosen[0])
        elif chosen:
            with st.container(horizontal=True, vertical_alignment="center"):
                query = {"runs": [entry.run for entry in chosen[:4]]}
                layout.link("pages/latent_map.py", "Maps side by side", "scatter_plot", query)
                compare = {"compare_data": chosen[0].data, "compare_runs": [entry.run for entry in chosen]}
                layout.link("pages/compare.py", "Compare", "query_stats", compare)
                actions.delete(chosen)
