"""The "Words" popover in every page's header: the glossary, with a search box."""

from __future__ import annotations

import streamlit as st

from pages.parts import glossary


def popover() -> None:
    """The button; its search reruns nothing but itself."""
    with st.popover("Words", icon=":material/menu_book:", help="What the terms of art mean", width="content"):
        _list()


@st.fragment
def _list() -> None:
    text = st.text_input(
        "Search the glossary", key="words_search", type="search", live=True, placeholder="linear probe, nats, …"
    )
    found = glossary.search(text or "")
    with st.container(height=420, border=False):
        if found:
            st.markdown("\n\n".join(_entry(entry) for entry in found))
        else:
            st.markdown(f"Nothing about “{text}” here. Try part of a word.")


def _entry(entry: glossary.Term) -> str:
    source = f"  \n:gray[:small[{entry.source}]]" if entry.source else ""
    return f"**{entry.term}**  \n{entry.text}{source}"
