"""What was deleted: undo, bring back, be rid of for good."""

from __future__ import annotations

import streamlit as st

from pages.parts import layout
from pages.parts.shelf_actions import DELETED, changed
from simssl_core.runs import library


def undo() -> None:
    """What was deleted last, and a way back."""
    if not st.session_state.get(DELETED):
        return
    tickets = st.session_state[DELETED][-1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted {', '.join(run for _, run in tickets)}.")
        if st.button("Undo", icon=":material/undo:"):
            st.session_state[DELETED].pop()
            for ticket, _ in tickets:
                library.restore(ticket)
            changed()


def trash() -> None:
    """What deleted runs still take up, and the way to be rid of them or to have one back."""
    tickets = library.trash()
    if not tickets:
        return
    with st.popover(f"Trash ({len(tickets)})", icon=":material/delete_sweep:"):
        ticket = st.selectbox("Deleted runs, newest first", tickets, format_func=lambda t: t.partition("--")[2])
        with st.container(horizontal=True):
            if st.button("Bring back", icon=":material/restore_from_trash:"):
                library.restore(ticket)
                _forget(ticket)
            if st.button("Empty for good", icon=":material/delete_forever:", help="This cannot be undone."):
                library.empty_trash()
                _forget(*tickets)
        layout.caption(f"They still take up {library.trash_size() / 1e6:,.1f} MB.")


def _forget(*tickets: str) -> None:
    """Undo no longer offers these; then draw the page anew."""
    left = [[pair for pair in pairs if pair[0] not in tickets] for pairs in st.session_state.get(DELETED, [])]
    st.session_state[DELETED] = [pairs for pairs in left if pairs]
    changed()
