"""The button of a long background task: it starts the task, then shows its progress and lets the visitor stop it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import layout
from simssl_core.jobs import background_tasks
from simssl_core.jobs.background_tasks import BackgroundTask


def task_button(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    """Show a button that starts the task ``kind`` for ``runs``, or, while it works, its progress and a Stop button."""
    task = background_tasks.status(kind)
    interval = 1 if task and task.alive else None
    st.fragment(_show_task, run_every=interval, key=f"chore_{kind}")(kind, runs, label, help)


def _show_task(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    with layout.guard():
        task = background_tasks.status(kind)
        alive = bool(task and task.alive)
        was_alive_key = f"chore_{kind}_alive"
        if st.session_state.get(was_alive_key) and not alive:  # it has just ended: show its results on the whole page
            st.session_state[was_alive_key] = False
            st.rerun()
        st.session_state[was_alive_key] = alive
        if task and alive:
            _show_progress(kind, task)
            return
        if task:
            for run, reason in task.trouble.items():
                if run in runs:
                    st.warning(f"**{run}**: {reason}", icon=":material/error:")
        if runs and st.button(label, icon=":material/play_arrow:", help=help, key=f"chore_{kind}_start"):
            background_tasks.start(kind, runs)
            st.rerun()


def _show_progress(kind: str, task: BackgroundTask) -> None:
    left = "" if task.left is None else f", about {max(1, round(task.left))} s left"
    position = f"{task.run or task.runs[0]} ({min(task.number + 1, len(task.runs))} of {len(task.runs)})"
    progress_column, stop_column = st.columns([8, 1], vertical_alignment="bottom")
    text = f"{background_tasks.KINDS[kind]}: {position}, {task.words}{left}"
    progress_column.progress(min(1.0, task.share), text)
    if stop_column.button("Stop", icon=":material/stop:", key=f"chore_{kind}_stop"):
        background_tasks.stop(kind)
