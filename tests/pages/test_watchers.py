"""Those who watch one race share the server's time."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.train_parts import watchers


def script() -> None:
    import streamlit as st

    from pages.train_parts import watchers

    st.markdown(f"{watchers.seconds_until_next_look(st.session_state['race']):g}")


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(watchers.time, "monotonic", lambda: now[0])
    watchers._looks.clear()
    return now


def visitor(race: str) -> AppTest:
    at = AppTest.from_function(script)
    at.session_state["race"] = race
    return at


def pause(at: AppTest) -> float:
    return float(at.run().markdown[0].value)


def test_the_first_looks_every_second_and_later_ones_less_often(clock):
    crowd = [visitor("one") for _ in range(8)]
    assert [pause(at) for at in crowd] == [1, 1.5, 2, 2.5, 3, 3, 3, 3]
    assert [pause(at) for at in crowd] == [1, 1.5, 2, 2.5, 3, 3, 3, 3], "looking again does not put one at the back"
    assert pause(visitor("another")) == 1, "another race has watchers of its own"


def test_who_has_left_leaves_his_place(clock):
    first, second = visitor("one"), visitor("one")
    assert (pause(first), pause(second)) == (1, 1.5)
    clock[0] += watchers.GONE + 1
    assert pause(second) == 1
    assert pause(first) == 1.5, "who comes back is the last"
