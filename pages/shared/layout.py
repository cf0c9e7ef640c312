"""What every page has: a title with the question it answers, captions, empty states, badges, errors in plain words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import glossary
from pages.shared.navigation import link, restart_through_app
from simssl_core.errors import LabError

__all__ = ["ASSETS", "LIVE", "badge", "caption", "empty", "face", "guard", "header", "link", "status_line"]
ASSETS = Path(__file__).parent / "assets"

# In the dark theme what is selected is written in the primary colour on a tint of it, contrast 3.7. A lighter primary
# would mend that and spoil the white text on primary buttons, so the words alone are lightened, to the links' colour.
READABLE = '<style>[data-selected="true"] p { color: #6FBCEB; }</style>'

# status -> (badge colour, icon, what it means for the reader)
STATUS = {
    "queued": ("gray", ":material/hourglass_empty:", "Waits for its turn."),
    "starting": ("blue", ":material/hourglass_top:", "Starting: loading data and building the networks…"),
    "training": ("green", ":material/play_arrow:", "Training. You may close this page; it goes on."),
    "paused": ("orange", ":material/pause:", "Paused. Nothing is lost; resume when you like."),
    "finished": ("blue", ":material/check:", "Finished. Its runs are saved."),
    "stopped": ("gray", ":material/stop:", "Stopped by hand. What was learnt is saved; it can be resumed."),
    "failed": ("red", ":material/error:", "Failed. The reason stands below."),
    "interrupted": (
        "orange",
        ":material/power_off:",
        "Interrupted: its process ended. Resume continues from the last save.",
    ),
    "stalled": ("orange", ":material/hourglass_bottom:", "No sign of life for a while: the machine may be busy."),
}
LIVE = frozenset({"queued", "starting", "training", "paused", "stalled"})


def header(title: str, question: str) -> None:
    """The page's title and, in one sentence, the question it answers."""
    restart_through_app()
    if st.context.theme.type == "dark":
        st.html(READABLE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None):
            st.title(title, anchor=False)
            st.markdown(f":gray[{question}]")
        glossary.popover()


def caption(text: str) -> None:
    """What to see in the figure above."""
    st.caption(text)


def empty(title: str, what_next: str, page: str = "", label: str = "", icon: str = "arrow_forward") -> None:
    """An empty state: what is missing, what to do next and, with ``page`` ("pages/train.py"), a way there."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.markdown(f"**{title}**", text_alignment="center")
        st.markdown(f":gray[{what_next}]", text_alignment="center")
        if page:
            link(page, label or "Go there", icon=icon)


def badge(status: str) -> None:
    """A run's status as a coloured badge."""
    colour, icon, _ = STATUS.get(status, ("gray", ":material/help:", ""))
    st.badge(status, icon=icon, color=colour)


def status_line(status: str) -> None:
    """A run's status as a badge, and what it means, in one line that may wrap like any text."""
    colour, icon, words = STATUS.get(status, ("gray", ":material/help:", ""))
    st.markdown(f":{colour}-badge[{icon} {status}] :gray[{words}]")


def face(first: bool) -> DeltaGenerator:
    """A container for one of a page's two faces. On a change of face the other one vanishes at once: what a block holds
    stays visible until the script ends if the next block in its place is of the same kind, so the two are of different
    kinds (a container in a container, and a column in a container)."""
    return st.container().container() if first else st.columns(1)[0]


@contextmanager
def guard() -> Iterator[None]:
    """Show a :class:`LabError` as what it says; keep everything else to the server's log and say so plainly.

    Streamlit's own control flow (stop, rerun, switch page) passes through: it does not derive from Exception.
    """
    try:
        yield
    except LabError as error:
        st.error(str(error), icon=":material/error:")
    except OSError as error:
        logging.getLogger("simssl.pages").exception("a file could not be used")
        st.error(
            f"A file could not be used: {error.strerror or error} ({error.filename or 'no name'}).",
            icon=":material/error:",
        )
