"""Guided tours: a slim bar on every page while one is on. ``?tour=<name>.<step>`` in the address opens a step again."""

from __future__ import annotations

import streamlit as st

from pages.shared.navigation import link
from pages.tours import contrastive, projection_head, simvae
from pages.tours.kinds import RACES, Numbers, Step, Tour

TOURS: dict[str, Tour] = {t.name: t for t in (contrastive.TOUR, simvae.TOUR, projection_head.TOUR)}
KEY, ARRIVED, GO = "tour", "tour.arrived", "tour.go"
NOT_WIDGETS = frozenset({"playground"})  # read from the address itself


def query(tour: Tour, place: int) -> dict[str, str | list[str]]:
    """What the address of step ``place`` (from 1) says: enough to open it anywhere."""
    return {**tour.steps[place - 1].query, KEY: f"{tour.name}.{place}"}


def step_link(tour: Tour, place: int, label: str, icon: str) -> None:
    """A link to a step."""
    link(f"pages/{tour.steps[place - 1].page}.py", label, icon, query(tour, place))


def current_step() -> tuple[Tour, int] | None:
    """The step that is on: the address's, else the one that this visitor was at."""
    code = st.query_params.get(KEY) or st.session_state.get(KEY) or ""
    name, _, place = code.partition(".")
    tour = TOURS.get(name)
    if tour is None or not place.isdecimal() or not 1 <= int(place) <= len(tour.steps):
        return None
    return tour, int(place)


def bar(here: str) -> None:
    """The bar above the page called ``here``, if a tour is on; on the step's own page all is set up the first time."""
    found = current_step()
    if found is None:
        return
    tour, place = found
    code, step = f"{tour.name}.{place}", tour.steps[place - 1]
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
            st.markdown(f"You have left the path, which is fine. Step {place} is on another page.")
            step_link(tour, place, f"Go to step {place}: {step.title}", "tour")
        elif missing:
            _make(missing)
        else:
            st.markdown(step.text(numbers))
            if place == len(tour.steps):
                _others(tour)


def _buttons(tour: Tour, place: int) -> None:
    count, step = len(tour.steps), tour.steps[place - 1]
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f":material/tour: **{step.title}** :gray[· step {place} of {count} · {tour.title}]", width="stretch"
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if place > 1:
                _move(tour, place, place - 1, "Back", "arrow_back")
            if place < count:
                _move(tour, place, place + 1, "Next", "arrow_forward", type="primary")
            st.button("End tour", icon=":material/close:", key="tour_end", on_click=end, type="tertiary")


def _move(tour: Tour, place: int, there: int, label: str, icon: str, type: str = "secondary") -> None:
    """A button to another step. On the same page nothing is loaded anew: the widgets are set where they are."""
    page = tour.steps[there - 1].page
    same = page == tour.steps[place - 1].page
    key = f"tour_{label}"
    st.button(label, icon=f":material/{icon}:", key=key, type=type, on_click=_pressed, args=(tour, there, same))
    if st.session_state.get(GO) == there:
        del st.session_state[GO]
        st.switch_page(f"pages/{page}.py", query_params=query(tour, there))


def _pressed(tour: Tour, there: int, same: bool) -> None:
    if same:
        st.session_state[KEY] = st.query_params[KEY] = f"{tour.name}.{there}"
    else:
        st.session_state[GO] = there  # a callback cannot change the page


def _others(tour: Tour) -> None:
    """At the end of one tour: the way to the others."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":gray[That was the last step. Another tour:]", width="content")
        for other in TOURS.values():
            if other is not tour:
                step_link(other, 1, other.title, "tour")


def _make(missing: list[str]) -> None:
    """What to do where the runs of a step are not there."""
    st.markdown(f"This step shows {', '.join(f'**{run}**' for run in missing)}, not on this shelf. It is made by:")
    for race in dict.fromkeys(run.rsplit("-", 1)[0] for run in missing):
        st.code(RACES[race], language="bash")
    link("pages/train.py", "Or train here, under that name", "play_circle")


def _set_up(step: Step) -> None:
    """Set the page's widgets before they are drawn, also where the visitor had left them otherwise."""
    for name, value in (*step.query.items(), *step.state.items()):
        if name in NOT_WIDGETS:
            st.query_params[name] = value
        else:
            st.session_state[name] = list(value) if isinstance(value, list) else value


def end() -> None:
    """No tour is on any more."""
    for name in (KEY, ARRIVED, GO):
        st.session_state.pop(name, None)
    st.query_params.pop(KEY, None)


def cards() -> None:
    """The tours to begin with, side by side."""
    for tour, column in zip(TOURS.values(), st.columns(len(TOURS)), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{tour.title}**")
            st.markdown(f":gray[{tour.about}]")
            step_link(tour, 1, f"Begin, {len(tour.steps)} steps", "tour")
