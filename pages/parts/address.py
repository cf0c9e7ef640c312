"""A page left and come back to shows what it showed: the browser's Back button and the menu bring no address along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

SEEN, HERE, TOUR = "address.seen", "address.here", "tour"


@contextmanager
def remembered(page: StreamlitPage) -> Iterator[None]:
    """Around the run of ``page``: entered without an address it gets its last one back; at the end that is noted.

    Streamlit empties a page's address when the page is left, and a step back leads to the empty one.
    """
    seen, name = st.session_state.setdefault(SEEN, {}), page.url_path
    if st.session_state.get(HERE) != name and not st.query_params and seen.get(name):
        st.switch_page(page, query_params=seen[name])
    st.session_state[HERE] = name  # only now: what is switched to may be overtaken by a click
    try:
        yield
    finally:
        seen[name] = {key: st.query_params.get_all(key) for key in st.query_params if key != TOUR}
