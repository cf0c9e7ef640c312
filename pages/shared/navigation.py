"""Links to other pages of the lab, and the addresses that pages return to."""

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
    """Show a link to another page of the lab, with its query parameters.

    A page that is tested alone knows no other pages; then the label is shown as plain text.
    """
    try:
        st.page_link(page, label=label, icon=f":material/{icon}:", query_params=dict(query) if query else None)
    except (KeyError, st.errors.StreamlitAPIException):
        st.markdown(label)


SEEN, HERE, TOUR = "address.seen", "address.here", "tour"


@contextmanager
def remember_address(page: StreamlitPage) -> Iterator[None]:
    """Wrap the run of ``page``: restore its last query parameters if it is entered without any, and save them after.

    Streamlit clears a page's query parameters when the page is left, and going back leads to the cleared address.
    """
    last_queries = st.session_state.setdefault(SEEN, {})
    name = page.url_path
    if st.session_state.get(HERE) != name and not st.query_params and last_queries.get(name):
        st.switch_page(page, query_params=last_queries[name])
    st.session_state[HERE] = name  # not before the switch: a click may replace the page that is switched to
    try:
        yield
    finally:
        last_queries[name] = {key: st.query_params.get_all(key) for key in st.query_params if key != TOUR}


def restart_through_app() -> None:
    """Rerun through ``app.py`` if Streamlit runs this page's file alone.

    Until ``app.py`` has run once, Streamlit treats the folder ``pages/`` as an app of the older kind and runs the page
    file alone, without menu, wide layout and logo. Later visits are not affected.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
