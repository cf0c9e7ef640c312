"""Beside the charts of a running race: the views it trains on, and what its members with a decoder can draw by now."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.shared import layout
from pages.train_parts import race, view_preview
from simssl_core import library
from simssl_core.data import catalog
from simssl_core.errors import CheckpointError


def views_and_reconstructions(name: str) -> None:
    """Views on the left, reconstructions on the right; looked at again every ten seconds while the race trains."""
    with layout.guard():
        now = race.snapshot(name)
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Views it trains on**")
            view_preview.views(catalog.info(now.config.data.name), now.config.views.model_dump())
        with right:
            st.markdown("**What can be drawn from z**")
            _reconstructions(now)


def _reconstructions(now: race.Snapshot) -> None:
    folders = [library.root() / member.run for member in now.members]
    weights = [folder / "weights.safetensors" for folder in folders]
    if not all(file.is_file() for file in weights):
        layout.caption("The first reconstructions come with the first checkpoint, after some twenty seconds.")
        return
    labels = {member.run: member.label for member in now.members}
    try:
        rows = _drawn(tuple(map(str, folders)), tuple(file.stat().st_mtime_ns for file in weights))
    except (CheckpointError, OSError):
        layout.caption("The checkpoint is just being written; a moment.")
        return
    for run, picture in rows:
        words, strip = st.columns([4, 12], vertical_alignment="center", gap="small")
        words.markdown(f":gray[{labels.get(run, run).replace('_', ' ')}]")
        strip.image(picture, width="stretch", alt=f"{labels.get(run, 'held-out images')}: one image per column")
    if len(rows) == 1:
        layout.caption("No member of this race has a decoder: what its z forgets cannot be seen here.")
    else:
        layout.caption("Top: held-out images. Below: drawn again from z alone, as of the last checkpoint.")


@st.cache_data(show_spinner=False, max_entries=16)
def _drawn(folders: tuple[str, ...], when: tuple[int, ...]) -> list[tuple[str, bytes]]:
    from simssl_core.analysis import reconstructions as core
    from simssl_core.figures.pictures import channels_last, png, tile

    found = core.reconstruction_rows([Path(folder) for folder in folders])
    scale = max(1, 48 // found[0][1].shape[-1])
    return [(run, png(tile(channels_last(images), len(images), gap=2, scale=scale))) for run, images in found]
