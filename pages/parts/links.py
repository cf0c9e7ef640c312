"""Links to other pages of the lab, with what they should show in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


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
