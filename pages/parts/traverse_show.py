"""How Traverse's panels show pictures and draw others."""

from __future__ import annotations

import numpy as np
import streamlit as st

from simssl_core.figures.animation import gif
from simssl_core.figures.tiles import channels_last, png, tile

TALL, WIDE = 96, 1400  # pixels: of one picture, and of a row; Streamlit would shrink (and so blur) one wider than 1460


def show(pictures: np.ndarray, columns: int, name: str, moving: np.ndarray | bool = False) -> None:
    """Pictures uint8 (N, C, H, W) as one tiled image with a button to keep it; ``moving`` ones also as a GIF."""
    high, wide = pictures.shape[2:]
    scale = max(1, min(round(TALL / max(high, wide)), WIDE // (columns * (wide + 2))))
    picture = png(tile(channels_last(pictures), columns, gap=2 * scale, scale=scale))
    st.image(picture, width="stretch", alt=f"{len(pictures)} images, {columns} in a row")
    with st.container(horizontal=True):
        keep = {"icon": ":material/download:", "on_click": "ignore"}
        st.download_button("PNG", picture, f"{name}.png", "image/png", key=f"png_{name}", **keep)
        if moving is not False:
            st.download_button(
                "GIF, there and back",
                lambda: gif(channels_last(moving)),
                f"{name}.gif",
                "image/gif",
                key=f"gif_{name}",
                **keep,
            )


def again(name: str) -> int:
    """A button that asks for other draws; the seed to draw with."""
    key = f"traverse_{name}_seed"
    st.session_state.setdefault(key, 0)
    if st.button("Draw others", icon=":material/casino:", key=f"{key}_button"):
        st.session_state[key] += 1
    return st.session_state[key]
