"""A page opened by its own address as the first thing after the server's start is still run inside the app."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def through_app() -> None:
    """Start over through ``app.py`` if this page was run on its own.

    Until ``app.py`` has been run once, Streamlit takes the folder ``pages/`` for the older kind of app and runs the
    page file alone: no menu, no wide layout, no logo. Later visits are never affected.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
