"""The visitor's own image in place of one of the run's: drawn on a sheet, or uploaded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.drawing_pad import drawing_pad
from pages.shared.layout import caption, guard
from simssl_core.errors import LabError
from simssl_core.latent.drawing import as_input, read_picture

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

PAD, FILE, LEFT = "own_pad", "own_file", "own_left"
MOST_MB = 5
TYPES = ["png", "jpg", "jpeg", "webp"]


def widgets(explorer: Explorer) -> None:
    """The sheet to draw on and the upload, folded away at first."""
    channels, height, width = explorer.encoder.shape
    with st.expander("Your own image", icon=":material/draw:"):
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Draw one**")
            drawing_pad.drawing_pad(PAD, coloured=channels == 3, brush=14 if channels == 3 else 20)
        with right:
            st.file_uploader(f"Or upload a picture, at most {MOST_MB} MB", TYPES, key=FILE, max_upload_size=MOST_MB)
        kind = "grey" if channels == 1 else "colour"
        caption(
            f"It is cut to a square and reduced to {height} × {width} {kind} pixels, as this run’s images are. The "
            "model may misread an image that looks like none of them. Click an image above to go back."
        )


def current(explorer: Explorer) -> np.ndarray | None:
    """The visitor's image, uint8 (C, H, W); None without one, or if an image of the run was chosen since."""
    picture = _picture()
    if picture is None or _digest(picture) == st.session_state.get(LEFT):
        return None
    with guard():
        return as_input(picture, explorer.encoder.shape, explorer.record.dataset.name)
    return None


def leave() -> None:
    """Go back to the run's own images, until something else is drawn or uploaded."""
    picture = _picture()
    st.session_state[LEFT] = None if picture is None else _digest(picture)


def _picture() -> np.ndarray | None:
    file = st.session_state.get(FILE)
    if file is None:
        return drawing_pad.drawing(PAD)
    try:
        return read_picture(file.getvalue())
    except LabError as error:
        st.error(str(error), icon=":material/error:")
        return None


def _digest(picture: np.ndarray) -> str:
    return hashlib.sha1(picture.tobytes()).hexdigest()
