"""How a panel of Compare looks on the page: figure or table, what to see in it, and its numbers as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.parts import glossary, layout, scores
from pages.parts.kept import kept
from simssl_core.figures.report import Panel, report
from simssl_core.runs import chores
from simssl_core.runs.chores import Chore

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


@kept
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
            found[name] = number(scores.title(plain) if plain == name else "±", format="%.3f", help=help)
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


def chore(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    """A button that starts longer work for ``runs``, or how far it is, with time left and a way to stop it."""
    now = chores.status(kind)
    st.fragment(_chore, run_every=1 if now and now.alive else None, key=f"chore_{kind}")(kind, runs, label, help)


def _chore(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    with layout.guard():
        now = chores.status(kind)
        seen = f"chore_{kind}_alive"
        if st.session_state.get(seen) and not (now and now.alive):
            st.session_state[seen] = False
            st.rerun()
        st.session_state[seen] = bool(now and now.alive)
        if now and now.alive:
            _progress(kind, now)
            return
        if now:
            for run, why in now.trouble.items():
                if run in runs:
                    st.warning(f"**{run}**: {why}", icon=":material/error:")
        if runs and st.button(label, icon=":material/play_arrow:", help=help, key=f"chore_{kind}_start"):
            chores.start(kind, runs)
            st.rerun()


def _progress(kind: str, now: Chore) -> None:
    left = "" if now.left is None else f", about {max(1, round(now.left))} s left"
    place = f"{now.run or now.runs[0]} ({min(now.number + 1, len(now.runs))} of {len(now.runs)})"
    words, stop = st.columns([8, 1], vertical_alignment="bottom")
    words.progress(min(1.0, now.share), f"{chores.KINDS[kind]}: {place}, {now.words}{left}")
    if stop.button("Stop", icon=":material/stop:", key=f"chore_{kind}_stop"):
        chores.stop(kind)
