"""The queue of races that wait for a training slot: the position of one race, and the list of all others."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from pages.train_parts import snapshots
from simssl_core.jobs import queue

FREED = "train.withdrawn"


def show_position(race_name: str) -> None:
    """Show where the waiting race stands, what it waits for, and a button that removes it from the queue."""
    names = queue.waiting()
    position = names.index(race_name) + 1 if race_name in names else 1
    waits_for = _waits_for(snapshots.training_races(), names[: position - 1])
    st.markdown(f"**Number {position} in the queue.** {waits_for} It will start automatically.")
    _withdraw_button(race_name, "Take it out of the queue", watched=True)


def waiting_races(watched: str | None) -> None:
    """List every waiting race except the ``watched`` one, in order, with buttons to show and to remove it."""
    _confirm_withdrawal()
    others = [(position, name) for position, name in enumerate(queue.waiting(), 1) if name != watched]
    if not others:
        return
    with st.container(border=True, gap="small"):
        st.markdown("**Queue**")
        for position, name in others:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{position}. **{name}** :gray[{_members(name)}]")
                if st.button("Show", key=f"show.{name}", icon=":material/visibility:"):
                    st.session_state["train.next"] = name
                    st.rerun()
                _withdraw_button(name, "Take out", watched=False)


def _waits_for(training: list[str], ahead: list[str]) -> str:
    names = [*training, *ahead]
    if not names:
        return "A place is just becoming free."
    return f"It waits for {' and '.join(f'“{name}”' for name in names)}."


def _members(race_name: str) -> str:
    reader = snapshots.store()
    row = reader.race(race_name)
    labels = ", ".join(member.label for member in reader.runs(race_name))
    return f"{labels} · {row.steps:,} steps" if row else labels


def _withdraw_button(race_name: str, label: str, watched: bool) -> None:
    """A button that removes the race from the queue; if it is the ``watched`` one, the page moves to another race."""
    if st.button(label, icon=":material/remove_circle:", key=f"out.{race_name}"):
        with layout.guard():
            queue.withdraw(race_name)
            st.session_state[FREED] = race_name
            if watched:
                st.session_state["train.next"] = next(iter(snapshots.training_races()), None)
            st.rerun()


def _confirm_withdrawal() -> None:
    if FREED in st.session_state:
        st.toast(f"{st.session_state.pop(FREED)} was taken out of the queue.")
