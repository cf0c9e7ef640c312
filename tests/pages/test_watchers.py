"""Visitors who watch one race share the server's time."""

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
    """The present time in seconds, in a list so that a test can advance it."""
    seconds = [100.0]
    monkeypatch.setattr(watchers.time, "monotonic", lambda: seconds[0])
    watchers._last_looks.clear()
    return seconds


def visitor(race_name: str) -> AppTest:
    at = AppTest.from_function(script)
    at.session_state["race"] = race_name
    return at


def interval(at: AppTest) -> float:
    """The seconds until this visitor's next redraw."""
    return float(at.run().markdown[0].value)


def test_the_first_visitor_redraws_every_second_and_later_ones_less_often(clock):
    crowd = [visitor("one") for _ in range(8)]
    assert [interval(at) for at in crowd] == [1, 1.5, 2, 2.5, 3, 3, 3, 3]
    assert [interval(at) for at in crowd] == [1, 1.5, 2, 2.5, 3, 3, 3, 3], "a redraw does not change the order"
    assert interval(visitor("another")) == 1, "every race has its own order of visitors"


def test_a_visitor_who_leaves_loses_the_place(clock):
    first, second = visitor("one"), visitor("one")
    assert (interval(first), interval(second)) == (1, 1.5)
    clock[0] += watchers.GONE + 1
    assert interval(second) == 1
    assert interval(first) == 1.5, "a visitor who comes back is the last"
