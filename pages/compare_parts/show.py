"""How a panel of Compare appears on the page: a figure or table with its caption, and its numbers as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.shared import glossary, layout
from pages.shared.cache import cached_by_content
from simssl_core import metrics
from simssl_core.figures.report import Panel, report

FIRST_COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "objective": "Objective",
    "step": st.column_config.NumberColumn("Step", format="localized"),
}


def show_panel(panel: Panel, heading: bool = True) -> None:
    """Show one panel with its caption and a CSV download."""
    if heading:
        st.subheader(panel.title, anchor=False)
    if panel.figure is not None:
        options = {"format": "png", "scale": 3, "filename": panel.name}
        config = {"displaylogo": False, "toImageButtonOptions": options}
        st.plotly_chart(panel.figure, key=f"compare_{panel.name}", config=config, alt=f"{panel.title}. {panel.caption}")
    if panel.table is not None:
        st.dataframe(
            _arrow(panel.table),
            hide_index=True,
            column_config=_columns(panel),
            placeholder="",
            key=f"compare_{panel.name}",
        )
    layout.caption(panel.caption)
    data = panel.table if panel.data is None else panel.data
    if data is not None:
        _csv_button(panel.name, data)


@cached_by_content
def _arrow(table: pd.DataFrame) -> pa.Table:
    """The table as the browser receives it; Streamlit would convert it at every rerun, a sixth of the rerun's time."""
    return pa.Table.from_pandas(table)


def _columns(panel: Panel) -> dict:
    """The settings of each column of the panel's table: a score, or its error if its name ends in " ±"."""
    columns = dict(FIRST_COLUMNS)
    for name in panel.table.columns:
        if name in columns:
            continue
        if str(name).endswith(" ±"):
            title, help = "±", glossary.help_for("standard error")
        else:
            title, help = metrics.title(str(name)), glossary.of_score(str(name))
        columns[name] = st.column_config.NumberColumn(title, format="%.3f", help=help)
    return columns


def _csv_button(name: str, data: pd.DataFrame) -> None:
    st.download_button(
        "CSV",
        lambda: data.to_csv(index=False),
        f"{name}.csv",
        "text/csv",
        icon=":material/download:",
        key=f"compare_csv_{name}",
        on_click="ignore",
        type="tertiary",
    )


def downloads(data: str, panels: Callable[[], Sequence[Panel]], table: Callable[[], str]) -> None:
    """Offer all numbers as one CSV file and all panels as one offline HTML page; each is made when it is clicked."""
    with st.popover("Download", icon=":material/download:"):
        st.download_button(
            "All numbers (CSV)", table, f"compare-{data}.csv", "text/csv", on_click="ignore", key="compare_all_csv"
        )
        st.download_button(
            "Report (HTML)",
            lambda: report(f"Comparison on {data}", "Made with simssl lab. Every figure is in this file.", panels()),
            f"compare-{data}.html",
            "text/html",
            on_click="ignore",
            key="compare_report",
        )
        layout.caption("The report holds every figure, table and strip in one file (5 MB) and works offline.")
