"""Train: set up a race of objectives, watch them learn side by side, and change their settings while they train."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from pages.train_parts import live, queue, reconstructions, setup, snapshots, watchers
from simssl_core import library
from simssl_core.jobs import launcher

KEY = "race"


def choose_race() -> str | None:
    """Return the name of the race to watch, or None if the form for a new race is to be shown.

    Without a race in the address, the first call of a visit chooses the race that is under way.
    """
    race_names = [row.race for row in library.races()]
    if "train.next" in st.session_state:
        st.session_state[KEY] = st.session_state.pop("train.next")
    elif KEY not in st.session_state and not st.query_params.get(KEY):
        st.session_state[KEY] = snapshots.live_race()
    address_race = st.query_params.get(KEY)
    if address_race and address_race not in race_names and st.session_state.get(KEY) in (None, address_race):
        st.warning(f"There is no race called “{address_race}” here.", icon=":material/search_off:")
    if not race_names:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        race_name = st.selectbox(
            "Race", race_names, index=None, key=KEY, placeholder="New race", bind="query-params", width=360
        )
        if race_name:
            st.button("New race", icon=":material/add:", on_click=show_form)
    return race_name


def show_form() -> None:
    """Show the form instead of a race at the next rerun."""
    st.session_state["train.next"] = None


def start() -> None:
    """Show the form for a new race, with its Start button above it."""
    bar = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    note = st.empty()
    with layout.guard():
        config = setup.ask_race()
        if config is None:
            return
        bar.markdown(setup.summary(config))
        if others := snapshots.training_races():
            note.caption(f"“{others[0]}” is training; this race waits in the queue until a place is free.")
        if bar.button("Start training", type="primary", icon=":material/play_arrow:"):
            st.session_state["train.next"] = launcher.launch(config)
            st.rerun()


def watch(race_name: str) -> None:
    """Show the race, redrawn at intervals for as long as it is under way."""
    under_way = snapshots.read(race_name).status in layout.LIVE
    interval = watchers.seconds_until_next_look(race_name) if under_way else None
    st.fragment(live.show_race, run_every=interval)(race_name, under_way)
    st.fragment(reconstructions.views_and_reconstructions, run_every=10 if under_way else None)(race_name)
    if under_way:
        with st.container(border=True):
            live.knobs(race_name)


layout.header("Train", "How do objectives learn, side by side, on the very same views?")
with layout.guard():
    watched = choose_race()
    with layout.alternative(first=not watched):
        if watched:
            watch(watched)
        else:
            start()
    queue_interval = 3 * watchers.seconds_until_next_look(watched or "") if snapshots.training_races() else None
    st.fragment(queue.waiting_races, run_every=queue_interval)(watched)
