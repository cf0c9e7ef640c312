"""What Traverse's panels share: pictures with their downloads, and a button to draw others."""

from __future__ import annotations

import numpy as np
import streamlit as st

from simssl_core.figures.pictures import channels_last, gif, png, tile

# In pixels. Streamlit shrinks what is wider than 1460, and so blurs it.
PICTURE, ROW, GAP = 96, 1400, 6


def show(pictures: np.ndarray, columns: int, name: str, moving: np.ndarray | bool = False) -> None:
    """Pictures uint8 (N, C, H, W) as one tiled image with a download button; ``moving`` ones also as a GIF."""
    height, width = pictures.shape[2:]
    scale = max(1, min(round(PICTURE / max(height, width)), (ROW // columns - GAP) // width))
    picture = png(tile(channels_last(pictures), columns, gap=GAP, scale=scale))
    st.image(picture, width="stretch", alt=f"{len(pictures)} images, {columns} in a row")
    with st.container(horizontal=True):
        options = {"icon": ":material/download:", "on_click": "ignore"}
        st.download_button("PNG", picture, f"{name}.png", "image/png", key=f"png_{name}", **options)
        if moving is not False:
            st.download_button(
                "GIF, there and back",
                lambda: gif(channels_last(moving)),
                f"{name}.gif",
                "image/gif",
                key=f"gif_{name}",
                **options,
            )


def redraw_button(name: str) -> int:
    """A button to draw again; returns the seed to draw with."""
    key = f"traverse_{name}_seed"
    st.session_state.setdefault(key, 0)
    if st.button("Draw others", icon=":material/casino:", key=f"{key}_button"):
        st.session_state[key] += 1
    return st.session_state[key]
