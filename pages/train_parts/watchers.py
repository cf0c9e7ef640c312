"""Who watches a race, and how often each of them sees it anew: the first every second, later ones less often.

A redraw costs the server about 20 ms and the watcher's browser five times that; a class of forty that looked once a
second would take its machine from the training.
"""

from __future__ import annotations

import time
from uuid import uuid4

import streamlit as st

EVERY, EACH_OTHER, SLOWEST = 1.0, 0.5, 3.0  # seconds: alone, more for every other watcher, at most
GONE = 10.0  # seconds without a look after which a watcher has left


@st.cache_resource(show_spinner=False)
def _looks() -> dict[tuple[str, str], float]:
    """When each visitor last looked at each race; one for the whole server."""
    return {}


def seconds_until_next_look(race_name: str) -> float:
    """Note that this visitor looks at ``race`` now; the seconds until he should look again."""
    visitor = st.session_state.setdefault("visitor", uuid4().hex)
    looks, now = _looks(), time.monotonic()
    for key, at in list(looks.items()):
        if now - at > GONE:
            looks.pop(key, None)
    looks[race_name, visitor] = now
    before = [key for key in list(looks) if key[0] == race_name].index((race_name, visitor))
    return min(SLOWEST, EVERY + EACH_OTHER * before)
