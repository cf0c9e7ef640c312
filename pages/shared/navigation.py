"""Links to other pages of the lab, with what they should show in the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


def link(
    page: str, label: str, icon: str = "arrow_forward", query: Mapping[str, str | list[str]] | None = None
) -> None:
    """A link to another page of the lab, with its address parameters.

    A page tested on its own knows no other pages; then the label stands as plain text.
    """
    try:
        st.page_link(page, label=label, icon=f":material/{icon}:", query_params=dict(query) if query else None)
    except (KeyError, st.errors.StreamlitAPIException):
        st.markdown(label)


SEEN, HERE, TOUR = "address.seen", "address.here", "tour"


@contextmanager
def remember_address(page: StreamlitPage) -> Iterator[None]:
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


def restart_through_app() -> None:
    """Start over through ``app.py`` if this page was run on its own.

    Until ``app.py`` has been run once, Streamlit takes the folder ``pages/`` for the older kind of app and runs the
    page file alone: no menu, no wide layout, no logo. Later visits are never affected.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
