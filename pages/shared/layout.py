"""What all pages share: the title with the question it answers, captions, empty states, badges and error messages."""

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

__all__ = ["ASSETS", "LIVE", "alternative", "badge", "caption", "empty", "guard", "header", "link", "status_line"]
ASSETS = Path(__file__).parent / "assets"

# In the dark theme, selected text has the primary colour on a tint of it, with a contrast of 3.7. A lighter primary
# colour would spoil the white text on primary buttons, so only the text is lightened, to the colour of links.
READABLE = '<style>[data-selected="true"] p { color: #6FBCEB; }</style>'

# status -> (badge colour, icon, what it means for the visitor)
STATUS = {
    "queued": ("gray", ":material/hourglass_empty:", "Waiting for its turn."),
    "starting": ("blue", ":material/hourglass_top:", "Starting: loading data and building the networks…"),
    "training": ("green", ":material/play_arrow:", "Training. You can close this page; training continues."),
    "paused": ("orange", ":material/pause:", "Paused. Nothing is lost; resume when you like."),
    "finished": ("blue", ":material/check:", "Finished. Its runs are saved."),
    "stopped": ("gray", ":material/stop:", "Stopped by hand. What was learnt is saved, and training can be resumed."),
    "failed": ("red", ":material/error:", "Failed. The reason is given below."),
    "interrupted": (
        "orange",
        ":material/power_off:",
        "Interrupted: its process ended. Resume continues from the last save.",
    ),
    "stalled": ("orange", ":material/hourglass_bottom:", "No progress for a while; the machine may be busy."),
}
LIVE = frozenset({"queued", "starting", "training", "paused", "stalled"})


def header(title: str, question: str) -> None:
    """Show the page's title, the question it answers, and the glossary."""
    restart_through_app()
    if st.context.theme.type == "dark":
        st.html(READABLE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None):
            st.title(title, anchor=False)
            st.markdown(f":gray[{question}]")
        glossary.popover()


def caption(text: str) -> None:
    """Show what to see in the figure above."""
    st.caption(text)


def empty(title: str, what_next: str, page: str = "", label: str = "", icon: str = "arrow_forward") -> None:
    """Show an empty state: what is missing, what to do next and, with ``page`` ("pages/train.py"), a link to it."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.markdown(f"**{title}**", text_alignment="center")
        st.markdown(f":gray[{what_next}]", text_alignment="center")
        if page:
            link(page, label or "Go there", icon=icon)


def badge(status: str) -> None:
    """Show a run's status as a coloured badge."""
    colour, icon, _ = STATUS.get(status, ("gray", ":material/help:", ""))
    st.badge(status, icon=icon, color=colour)


def status_line(status: str) -> None:
    """Show a run's status as a badge with its meaning, in one line that may wrap like any text."""
    colour, icon, meaning = STATUS.get(status, ("gray", ":material/help:", ""))
    st.markdown(f":{colour}-badge[{icon} {status}] :gray[{meaning}]")


def alternative(first: bool) -> DeltaGenerator:
    """A container for one of two alternatives that a page shows; when they switch, the old one disappears at once.

    Streamlit keeps the content of a block visible until the script ends if the next block in its place is of the same
    kind. So the alternatives are blocks of different kinds: a container in a container, and a column in a container.
    """
    return st.container().container() if first else st.columns(1)[0]


@contextmanager
def guard() -> Iterator[None]:
    """Show a :class:`LabError` as its message, and an OSError with its reason and file; the latter is logged in full.

    Every other exception passes through, and so does Streamlit's control flow (stop, rerun, switch page).
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
