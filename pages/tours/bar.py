"""Guided tours: a bar on every page during a tour. ``?tour=<name>.<step>`` in the address opens a step."""

from __future__ import annotations

import streamlit as st

from pages.shared.navigation import link
from pages.tours import contrastive, projection_head, simvae
from pages.tours.kinds import RACES, Numbers, Step, Tour

TOURS: dict[str, Tour] = {tour.name: tour for tour in (contrastive.TOUR, simvae.TOUR, projection_head.TOUR)}
KEY, ARRIVED, GO = "tour", "tour.arrived", "tour.go"
NOT_WIDGETS = frozenset({"playground"})  # query parameters that no widget is bound to


def query(tour: Tour, place: int) -> dict[str, str | list[str]]:
    """The query parameters that open step number ``place`` (from 1) from anywhere."""
    return {**tour.steps[place - 1].query, KEY: f"{tour.name}.{place}"}


def step_link(tour: Tour, place: int, label: str, icon: str) -> None:
    """Show a link to step number ``place``."""
    link(f"pages/{tour.steps[place - 1].page}.py", label, icon, query(tour, place))


def current_step() -> tuple[Tour, int] | None:
    """The tour and the number of its present step, from the address or else this visit; None outside a tour."""
    code = st.query_params.get(KEY) or st.session_state.get(KEY) or ""
    name, _, place = code.partition(".")
    tour = TOURS.get(name)
    if tour is None or not place.isdecimal() or not 1 <= int(place) <= len(tour.steps):
        return None
    return tour, int(place)


def bar(here: str) -> None:
    """Show the bar above the page called ``here`` during a tour; a step's page is set up when first shown."""
    current = current_step()
    if current is None:
        return
    tour, place = current
    code = f"{tour.name}.{place}"
    step = tour.steps[place - 1]
    st.session_state[KEY] = code
    numbers = Numbers()
    missing = numbers.missing(step.needs)
    arrived = st.session_state.get(ARRIVED)
    st.session_state[ARRIVED] = code if here == step.page else None
    if st.query_params.get(KEY) != code:
        st.query_params[KEY] = code
    if here == step.page and arrived != code and not missing:
        _set_up(step)
    with st.container(border=True, key="tour_bar"):
        _buttons(tour, place)
        if here != step.page:
            st.markdown(f"You have left the tour for a moment. Step {place} is on another page.")
            step_link(tour, place, f"Go to step {place}: {step.title}", "tour")
        elif missing:
            _how_to_train(missing)
        else:
            st.markdown(step.text(numbers))
            if place == len(tour.steps):
                _other_tours(tour)


def _buttons(tour: Tour, place: int) -> None:
    count = len(tour.steps)
    step = tour.steps[place - 1]
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f":material/tour: **{step.title}** :gray[· step {place} of {count} · {tour.title}]", width="stretch"
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if place > 1:
                _move_button(tour, place, place - 1, "Back", "arrow_back")
            if place < count:
                _move_button(tour, place, place + 1, "Next", "arrow_forward", type="primary")
            st.button("End tour", icon=":material/close:", key="tour_end", on_click=end, type="tertiary")


def _move_button(tour: Tour, place: int, target: int, label: str, icon: str, type: str = "secondary") -> None:
    """A button from step ``place`` to step ``target``. On the same page only the widgets are set."""
    page = tour.steps[target - 1].page
    same_page = page == tour.steps[place - 1].page
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"tour_{label}",
        type=type,
        on_click=_on_move,
        args=(tour, target, same_page),
    )
    if st.session_state.get(GO) == target:
        del st.session_state[GO]
        st.switch_page(f"pages/{page}.py", query_params=query(tour, target))


def _on_move(tour: Tour, target: int, same_page: bool) -> None:
    if same_page:
        st.session_state[KEY] = st.query_params[KEY] = f"{tour.name}.{target}"
    else:
        st.session_state[GO] = target  # a callback cannot switch pages; the button does, at the rerun


def _other_tours(tour: Tour) -> None:
    """Show links to the other tours at the end of this one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":gray[That was the last step. Another tour:]", width="content")
        for other in TOURS.values():
            if other is not tour:
                step_link(other, 1, other.title, "tour")


def _how_to_train(missing: list[str]) -> None:
    """Show the commands that train the runs that a step needs and the lab does not have."""
    names = ", ".join(f"**{run}**" for run in missing)
    st.markdown(f"This step shows {names}, which this lab does not have. Train what is missing with:")
    for race_name in dict.fromkeys(run.rsplit("-", 1)[0] for run in missing):
        st.code(RACES[race_name], language="bash")
    link("pages/train.py", "Or train it on the Train page, under that name", "play_circle")


def _set_up(step: Step) -> None:
    """Set the page's widgets before they are drawn, replacing what the visitor chose earlier."""
    for name, value in (*step.query.items(), *step.state.items()):
        if name in NOT_WIDGETS:
            st.query_params[name] = value
        else:
            st.session_state[name] = list(value) if isinstance(value, list) else value


def end() -> None:
    """End the tour."""
    for name in (KEY, ARRIVED, GO):
        st.session_state.pop(name, None)
    st.query_params.pop(KEY, None)


def cards() -> None:
    """Show a card for every tour, side by side."""
    for tour, column in zip(TOURS.values(), st.columns(len(TOURS)), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{tour.title}**")
            st.markdown(f":gray[{tour.about}]")
            step_link(tour, 1, f"Begin, {len(tour.steps)} steps", "tour")
