"""Who waits for a place to train: a race's own place, and the whole queue with a way out of it."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from pages.train_parts import race
from simssl_core.jobs import queue

FREED = "train.withdrawn"


def place(name: str) -> None:
    """Where the waiting race ``name`` stands, what it waits for, and a button to take it out."""
    names = queue.waiting()
    number = names.index(name) + 1 if name in names else 1
    before = race.training()
    st.markdown(f"**Number {number} in the queue.** {_after(before, names[: number - 1])} It starts by itself.")
    _out(name, "Take it out of the queue", here=True)


def waiting_races(shown: str | None) -> None:
    """Every waiting race but the one shown, in order, each with a way to look at it and to take it out."""
    _told()
    others = [(number, name) for number, name in enumerate(queue.waiting(), 1) if name != shown]
    if not others:
        return
    with st.container(border=True, gap="small"):
        st.markdown("**Queue**")
        for number, name in others:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{number}. **{name}** :gray[{_members(name)}]")
                if st.button("Show", key=f"show.{name}", icon=":material/visibility:"):
                    st.session_state["train.next"] = name
                    st.rerun()
                _out(name, "Take out", here=False)


def _after(training: list[str], ahead: list[str]) -> str:
    names = [*training, *ahead]
    return f"It waits for {' and '.join(f'“{name}”' for name in names)}." if names else "A place is just becoming free."


def _members(name: str) -> str:
    row = race.store().race(name)
    labels = ", ".join(member.label for member in race.store().runs(name))
    return f"{labels} · {row.steps:,} steps" if row else labels


def _out(name: str, label: str, here: bool) -> None:
    if st.button(label, icon=":material/remove_circle:", key=f"out.{name}"):
        with layout.guard():
            queue.withdraw(name)
            st.session_state[FREED] = name
            if here:
                st.session_state["train.next"] = next(iter(race.training()), None)
            st.rerun()


def _told() -> None:
    if FREED in st.session_state:
        st.toast(f"{st.session_state.pop(FREED)} was taken out of the queue.")
