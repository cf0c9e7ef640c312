"""Compare: content against style, a point for each run, and every score in a table."""

from __future__ import annotations

import streamlit as st

from pages.parts import layout, machine, scores
from pages.parts.runs_picker import all_runs
from simssl_core.data import catalog
from simssl_core.errors import LabError
from simssl_core.figures.content_style import content_style
from simssl_core.runs.library import RunEntry

PLAIN = {"objective": "Objective", "data": None, "step": st.column_config.NumberColumn("Step", format="localized")}
DOWNLOAD = {"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 3, "filename": "content-style"}}


def chosen(entries: list[RunEntry]) -> list[RunEntry]:
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
    return [here[run] for run in picked if run in here] or list(here.values())


def picture(entries: list[RunEntry]) -> None:
    """The scatter, with a choice of what is meant by content and by style."""
    known = scores.names(entries)
    content = [name for name in known if name in scores.CONTENT]
    style = [name for name in known if name.startswith("style")]
    if not content or not style:
        layout.empty(
            "These runs have no scores yet",
            "They are measured while they train; let one run for a moment.",
            "pages/train.py",
            "Train",
        )
        return
    with st.container(horizontal=True):
        across = st.selectbox("Content is", content, format_func=scores.title, key="compare_content", width=280)
        up = st.selectbox("Style is", style, format_func=scores.title, key="compare_style", width=280)
    shown = [entry for entry in entries if across in entry.scores and up in entry.scores]
    kinds = machine.registry()
    figure = content_style(
        [entry.scores[across] for entry in shown],
        [entry.scores[up] for entry in shown],
        [entry.objective for entry in shown],
        [entry.run for entry in shown],
        [kinds[entry.objective].family if entry.objective in kinds else "generative" for entry in shown],
        scores.title(across),
        scores.title(up),
        chance(entries[0].data),
    )
    st.plotly_chart(
        figure, key="compare_figure", config=DOWNLOAD, alt="Scatter of content against style, a point per run"
    )
    layout.caption(
        "Right: tells classes apart. Up: position, hue and the like can still be read; who forgets style sinks. Top "
        "right would serve every task. Circles are generative, diamonds discriminative, crosses are references."
    )


def chance(data: str) -> float | None:
    """The accuracy of guessing, where the number of classes is known."""
    try:
        classes = catalog.info(data).classes
    except LabError:
        return None
    return 1 / classes if classes > 1 else None


def table(entries: list[RunEntry]) -> None:
    """Every score of every run, and the same as a file."""
    frame = scores.table(entries)
    columns = {name: st.column_config.NumberColumn(scores.title(name), format="%.3f") for name in scores.names(entries)}
    st.dataframe(
        frame,
        hide_index=True,
        column_config={"run": st.column_config.TextColumn("Run", pinned=True), **PLAIN, **columns},
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download CSV", frame.to_csv(index=False), "scores.csv", "text/csv", icon=":material/download:"
        )
        st.caption("Probes are read from frozen encoders on held-out images; R² is clipped below at 0 in the mean.")


layout.header("Compare", "Which representation serves which task?")
with layout.guard():
    scored = [entry for entry in all_runs() if entry.scores and entry.status != "damaged"]
    if scored:
        runs = chosen(scored)
        picture(runs)
        st.subheader("All scores", anchor=False)
        table(runs)
    else:
        layout.empty("Nothing to compare yet", "Runs appear here once they are measured.", "pages/train.py", "Train")
