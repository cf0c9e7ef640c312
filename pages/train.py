"""Train: set up a race of objectives, watch them learn side by side, turn their knobs while they do."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from pages.train_parts import live, queue, race, reconstructions, setup, watchers
from simssl_core import library
from simssl_core.jobs import launcher

KEY = "race"


def chosen() -> str | None:
    """The race in the address, else (once for each visit) the one under way, else none: then a new one is set up."""
    known = [row.race for row in library.races()]
    if "train.next" in st.session_state:
        st.session_state[KEY] = st.session_state.pop("train.next")
    elif KEY not in st.session_state and not st.query_params.get(KEY):
        st.session_state[KEY] = race.live_race()
    asked = st.query_params.get(KEY)
    if asked and asked not in known and st.session_state.get(KEY) in (None, asked):
        st.warning(f"There is no race called “{asked}” here.", icon=":material/search_off:")
    if not known:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Race", known, index=None, key=KEY, placeholder="New race", bind="query-params", width=360)
        if name:
            st.button("New race", icon=":material/add:", on_click=set_up)
    return name


def set_up() -> None:
    """Back to the form."""
    st.session_state["train.next"] = None


def start() -> None:
    """The form and its one button."""
    bar = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    note = st.empty()
    with layout.guard():
        config = setup.ask_race()
        if config is None:
            return
        bar.markdown(setup.summary(config))
        if others := race.training():
            note.caption(f"“{others[0]}” is training; this race waits in the queue until a place is free.")
        if bar.button("Start training", type="primary", icon=":material/play_arrow:"):
            st.session_state["train.next"] = launcher.launch(config)
            st.rerun()


def watch(name: str) -> None:
    """The race, looked at again and again for as long as it is under way."""
    now = race.snapshot(name)
    under_way = now.status in layout.LIVE
    st.fragment(live.live, run_every=watchers.seconds_until_next_look(name) if under_way else None)(name, under_way)
    st.fragment(reconstructions.views_and_reconstructions, run_every=10 if under_way else None)(name)
    if under_way:
        with st.container(border=True):
            live.knobs(name)


layout.header("Train", "How do objectives learn, side by side, on the very same views?")
with layout.guard():
    shown = chosen()
    with layout.face(first=not shown):
        if shown:
            watch(shown)
        else:
            start()
    st.fragment(
        queue.waiting_races, run_every=3 * watchers.seconds_until_next_look(shown or "") if race.training() else None
    )(shown)
