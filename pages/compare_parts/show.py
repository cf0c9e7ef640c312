"""How a panel of Compare looks on the page: figure or table, what to see in it, and its numbers as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.shared import glossary, layout
from pages.shared.cache import cached_by_content
from simssl_core import metrics
from simssl_core.figures.report import Panel, report

PLAIN = {"objective": "Objective", "step": st.column_config.NumberColumn("Step", format="localized")}


def panel(shown: Panel, heading: bool = True) -> None:
    """One panel with its caption and a CSV download."""
    if heading:
        st.subheader(shown.title, anchor=False)
    if shown.figure is not None:
        options = {"format": "png", "scale": 3, "filename": shown.name}
        config = {"displaylogo": False, "toImageButtonOptions": options}
        st.plotly_chart(shown.figure, key=f"compare_{shown.name}", config=config, alt=f"{shown.title}. {shown.caption}")
    if shown.table is not None:
        st.dataframe(
            _arrow(shown.table),
            hide_index=True,
            column_config=_columns(shown),
            placeholder="",
            key=f"compare_{shown.name}",
        )
    layout.caption(shown.caption)
    data = shown.table if shown.data is None else shown.data
    if data is not None:
        _csv(shown.name, data)


@cached_by_content
def _arrow(table: pd.DataFrame) -> pa.Table:
    """What the browser is sent: Streamlit would convert the frame at every rerun, a sixth of its time."""
    return pa.Table.from_pandas(table)


def _columns(shown: Panel) -> dict:
    number = st.column_config.NumberColumn
    found = {"run": st.column_config.TextColumn("Run", pinned=True), **PLAIN}
    for name in shown.table.columns:
        plain = str(name).removesuffix(" ±")
        if name not in found:
            help = glossary.of_score(plain) if plain == name else glossary.help_for("standard error")
            found[name] = number(metrics.title(plain) if plain == name else "±", format="%.3f", help=help)
    return found


def _csv(name: str, data) -> None:
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
    """Everything as one CSV, and as one HTML page that needs no internet; made when asked for."""
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
        layout.caption("The report holds every figure, table and strip in one file (5 MB) and asks nothing of the net.")
