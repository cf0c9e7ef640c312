"""How often each visitor's page redraws a race: the first visitor's every second, later visitors' less often.

A redraw costs the server about 20 ms and the visitor's browser five times that. A class of forty that redrew once a
second would take the processor away from the training.
"""

from __future__ import annotations

import time
from uuid import uuid4

import streamlit as st

EVERY, EACH_OTHER, SLOWEST = 1.0, 0.5, 3.0  # seconds: the first visitor, more per earlier visitor, the maximum
GONE = 10.0  # seconds without a redraw after which a visitor counts as gone


@st.cache_resource(show_spinner=False)
def _last_looks() -> dict[tuple[str, str], float]:
    """The time of the last redraw by (race name, visitor); one dictionary for the whole server."""
    return {}


def seconds_until_next_look(race_name: str) -> float:
    """Record that this visitor looks at the race, and return the seconds until the page should redraw it."""
    visitor = st.session_state.setdefault("visitor", uuid4().hex)
    last_looks = _last_looks()
    time_now = time.monotonic()
    for key, last_look in list(last_looks.items()):
        if time_now - last_look > GONE:
            last_looks.pop(key, None)
    last_looks[race_name, visitor] = time_now
    visitors = [key[1] for key in list(last_looks) if key[0] == race_name]
    return min(SLOWEST, EVERY + EACH_OTHER * visitors.index(visitor))
