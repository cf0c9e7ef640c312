"""What the Traverse page reads: the run's explorer, kept while the run is unchanged, and its images to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.image_strip.image_strip import image_strip
from simssl_core.figures.pictures import channels_last, png, tile

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

OFFSETS = np.linspace(-3, 3, 9)
OFFERED, COLUMNS = 200, 20


def strips(explorer: Explorer, k: int, kind: str, count: int) -> bytes:
    """A PNG with a row of tiles for each of the first ``count`` ways of ``kind``: what it alone does to image ``k``."""
    return _strips(explorer, str(explorer.folder), explorer.token, k, kind, count)


@st.cache_data(max_entries=64, show_spinner=False)
def _strips(_explorer: Explorer, folder: str, token: str, k: int, kind: str, count: int) -> bytes:
    pictures = _explorer.sweep(_explorer.latents[k], OFFSETS, count, kind)
    return png(tile(channels_last(pictures.reshape(-1, *pictures.shape[2:])), len(OFFSETS), gap=0))


def pick_image(name: str, label: str, chosen: int, explorer: Explorer) -> int:
    """A row of held-out images: the one clicked on since the last run of the page, else ``chosen``."""
    gallery = explorer.gallery
    order = explorer.held_out[:OFFERED].tolist()
    picked = image_strip(
        key=f"strip_{name}",
        label=label,
        sheet=_sheet(gallery.images, str(explorer.folder), explorer.token),
        mimetype="image/png",
        cell=gallery.images.shape[2:],
        columns=COLUMNS,
        order=order,
        names=[gallery.name(k) for k in order],
        chosen=chosen,
    )
    seen = f"strip_{name}_seen"
    if picked is None or picked == st.session_state.get(seen) or picked >= len(gallery):
        return chosen
    st.session_state[seen] = picked
    return picked


@st.cache_data(max_entries=8, show_spinner=False)
def _sheet(_images: np.ndarray, folder: str, token: str) -> bytes:
    return png(tile(channels_last(_images[:OFFERED]), COLUMNS, gap=0))
