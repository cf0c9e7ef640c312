"""Resuming a race, and training a finished one for more steps, from any page."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from simssl_core import library
from simssl_core.jobs import launcher


def can_resume(runs: list[str]) -> bool:
    """Whether any of these runs still has a saved training state (optimiser, queues, …) to resume from."""
    return any(file.is_file() for run in runs for file in (library.root() / run).glob("state-*.safetensors"))


def train_on_button(race_name: str, step: int) -> None:
    """A button that asks for a number of further steps and trains the finished race for them."""
    with st.popover("Train on", icon=":material/forward:"):
        extra_steps = st.number_input("Further steps", 1, 1_000_000, max(1, step), step=100, key=f"more.{race_name}")
        layout.caption("All members of the race continue from where they stopped.")
        if st.button("Train on", type="primary", key=f"on.{race_name}"):
            with layout.guard():
                resume_race(race_name, int(extra_steps))


def resume_race(race_name: str, steps: int = 0) -> None:
    """Resume the race (a finished one for ``steps`` more steps) and open its page."""
    launcher.resume(race_name, extra_steps=steps)
    st.session_state["train.next"] = race_name
    st.switch_page("pages/train.py", query_params={"race": race_name})
