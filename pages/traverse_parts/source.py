"""What the Traverse page shows of the run: the rows of tiles above the sliders, and the images to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.image_strip.image_strip import image_strip
from simssl_core.figures.pictures import channels_last, png, tile

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

OFFSETS = np.linspace(-3, 3, 9)  # of a row's tiles, in standard deviations
OFFERED = 200  # images to choose from
COLUMNS = 20  # of their sheet


def strips(explorer: Explorer, k: int, kind: str, count: int) -> bytes:
    """A PNG with a row of tiles for each of the first ``count`` directions of ``kind``: image ``k`` moved along it."""
    return _strips(explorer, str(explorer.folder), explorer.token, k, kind, count)


@st.cache_data(max_entries=64, show_spinner=False)
def _strips(_explorer: Explorer, folder: str, token: str, k: int, kind: str, count: int) -> bytes:
    pictures = _explorer.sweep(_explorer.latents[k], OFFSETS, count, kind)
    return png(tile(channels_last(pictures.reshape(-1, *pictures.shape[2:])), len(OFFSETS), gap=0))


def pick_image(name: str, label: str, current: int, explorer: Explorer) -> int:
    """A row of held-out images; returns the one clicked on since the last run of the page, else ``current``."""
    gallery = explorer.gallery
    order = explorer.held_out[:OFFERED].tolist()
    clicked = image_strip(
        key=f"strip_{name}",
        label=label,
        sheet=_sheet(gallery.images, str(explorer.folder), explorer.token),
        mimetype="image/png",
        cell=gallery.images.shape[2:],
        columns=COLUMNS,
        order=order,
        names=[gallery.name(k) for k in order],
        selected=current,
    )
    seen_key = f"strip_{name}_seen"
    if clicked is None or clicked == st.session_state.get(seen_key) or clicked >= len(gallery):
        return current
    st.session_state[seen_key] = clicked
    return clicked


@st.cache_data(max_entries=8, show_spinner=False)
def _sheet(_images: np.ndarray, folder: str, token: str) -> bytes:
    return png(tile(channels_last(_images[:OFFERED]), COLUMNS, gap=0))
