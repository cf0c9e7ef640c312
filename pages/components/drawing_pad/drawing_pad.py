"""A sheet to draw on with the pointer, as a component."""

from __future__ import annotations

import base64
import binascii

import numpy as np
import streamlit as st

from pages.components.base import component, listen

SIDE = 64  # pixels of what is sent
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
    """Draw the sheet; what is on it is read with :func:`drawing`, even before this is called."""
    _PAD(key=key, data={"colours": list(COLOURS if coloured else GREY), "brush": brush}, on_drawing_change=listen)


def drawing(key: str) -> np.ndarray | None:
    """What is on the sheet: uint8 (64, 64, 3), or None while nothing is."""
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
