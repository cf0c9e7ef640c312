"""TODO."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import layout
from simssl_core.jobs import background_tasks
from simssl_core.jobs.background_tasks import BackgroundTask


def task_button(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    """A button that starts longer work for ``runs``, or how far it is, with time left and a way to stop it."""
    now = background_tasks.status(kind)
    st.fragment(_chore, run_every=1 if now and now.alive else None, key=f"chore_{kind}")(kind, runs, label, help)


def _chore(kind: str, runs: Sequence[str], label: str, help: str) -> None:
    with layout.guard():
        now = background_tasks.status(kind)
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
            background_tasks.start(kind, runs)
            st.rerun()


def _progress(kind: str, now: BackgroundTask) -> None:
    left = "" if now.left is None else f", about {max(1, round(now.left))} s left"
    place = f"{now.run or now.runs[0]} ({min(now.number + 1, len(now.runs))} of {len(now.runs)})"
    words, stop = st.columns([8, 1], vertical_alignment="bottom")
    words.progress(min(1.0, now.share), f"{background_tasks.KINDS[kind]}: {place}, {now.words}{left}")
    if stop.button("Stop", icon=":material/stop:", key=f"chore_{kind}_stop"):
        background_tasks.stop(kind)
