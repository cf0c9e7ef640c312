"""The views that a running race trains on, and the reconstructions of its members that have a decoder."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.shared import layout
from pages.train_parts import snapshots, view_preview
from simssl_core import library
from simssl_core.data import catalog
from simssl_core.errors import CheckpointError


def views_and_reconstructions(race_name: str) -> None:
    """Show views on the left and reconstructions on the right; redrawn every ten seconds while the race trains."""
    with layout.guard():
        snapshot = snapshots.read(race_name)
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Views it trains on**")
            view_preview.show_views(catalog.info(snapshot.config.data.name), snapshot.config.views.model_dump())
        with right:
            st.markdown("**What can be drawn from z**")
            _show_reconstructions(snapshot)


def _show_reconstructions(snapshot: snapshots.Snapshot) -> None:
    folders = [library.root() / member.run for member in snapshot.members]
    weights = [folder / "weights.safetensors" for folder in folders]
    if not all(file.is_file() for file in weights):
        layout.caption("The first reconstructions come with the first checkpoint, after about twenty seconds.")
        return
    labels = {member.run: member.label for member in snapshot.members}
    try:
        rows = _reconstruction_rows(tuple(map(str, folders)), tuple(file.stat().st_mtime_ns for file in weights))
    except (CheckpointError, OSError):
        layout.caption("The checkpoint is being written; one moment.")
        return
    for run, picture in rows:
        label_column, strip = st.columns([4, 12], vertical_alignment="center", gap="small")
        label_column.markdown(f":gray[{labels.get(run, run).replace('_', ' ')}]")
        strip.image(picture, width="stretch", alt=f"{labels.get(run, 'held-out images')}: one image per column")
    if len(rows) == 1:
        layout.caption("No member of this race has a decoder, so what its z forgets cannot be shown here.")
    else:
        layout.caption("Top: held-out images. Below: reconstructions from z alone, as of the last checkpoint.")


@st.cache_data(show_spinner=False, max_entries=16)
def _reconstruction_rows(folders: tuple[str, ...], modified: tuple[int, ...]) -> list[tuple[str, bytes]]:
    """(run, PNG) of the held-out images and of each member's reconstructions, cached until the weights change."""
    from simssl_core.analysis import reconstructions
    from simssl_core.figures.pictures import channels_last, png, tile

    rows = reconstructions.reconstruction_rows([Path(folder) for folder in folders])
    scale = max(1, 48 // rows[0][1].shape[-1])
    return [(run, png(tile(channels_last(images), len(images), gap=2, scale=scale))) for run, images in rows]
