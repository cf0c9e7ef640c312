"""A sheet to draw on with the pointer, as a component."""

from __future__ import annotations

import base64
import binascii

import numpy as np
import streamlit as st

from pages.components.base import component, listen

SIDE = 64  # pixels of the drawing that the browser sends
GREY: tuple[tuple[str, str], ...] = ()
COLOURS = (
    ("red", "#ff2a1f"),
    ("yellow", "#ffe600"),
    ("green", "#00e03c"),
    ("cyan", "#00d5ff"),
    ("blue", "#1a3cff"),
    ("magenta", "#ff00c8"),
    ("background grey", "#4d4d4d"),
)

_PAD = component("drawing_pad")


def drawing_pad(key: str, coloured: bool, brush: int = 20) -> None:
    """Show the sheet. Its drawing is read with :func:`drawing`, which may be called earlier.

    ``coloured``: with colours to choose from, else white on black. ``brush``: the width of a stroke in pixels of the
    sheet, which is 192 pixels wide.
    """
    _PAD(key=key, data={"colours": list(COLOURS if coloured else GREY), "brush": brush}, on_drawing_change=listen)


def drawing(key: str) -> np.ndarray | None:
    """The drawing on the sheet ``key``: uint8 (64, 64, 3), or None while the sheet is empty or what came is invalid."""
    state = st.session_state.get(key)
    text = state.get("drawing") if hasattr(state, "get") else None
    if not isinstance(text, str) or len(text) > 2 * SIDE * SIDE * 3:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != SIDE * SIDE * 3 or not any(raw):
        return None
    return np.frombuffer(raw, np.uint8).reshape(SIDE, SIDE, 3)
