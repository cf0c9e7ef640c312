"""The map in three dimensions: one turnable figure for each run, all at the same training step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.latent_map_parts import source
from pages.shared.layout import caption
from simssl_core.analysis import latent_map

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NAMES = {"umap3": "UMAP", "pca": "PCA"}


def solid_maps(shown: list[latent_map.RunMap], kind: str, by: str, height: int) -> tuple[str, int]:
    """Draw them and return what was drawn: the layout's kind and the step (for the download)."""
    steps = sorted({step for one in shown for step in one.steps})
    at = steps[-1]
    if len(steps) > 1:
        at = st.select_slider("Training step", steps, value=at, key=f"solid_step_{at}")
    columns = st.columns(min(2, len(shown)))
    used = kind
    for i, one in enumerate(shown):
        used = "umap3" if kind == "umap" and "umap3" in one.kinds else "pca"
        with columns[i % len(columns)]:
            st.markdown(f"**{one.record.label}** :gray[{one.run} · {NAMES[used]}]")
            st.plotly_chart(_figure(one, used, by, at, height), key=f"solid_{one.run}")
    if kind == "umap" and used == "pca":
        caption("No three-dimensional UMAP was kept for this run; PCA stands in.")
    caption("Drag to turn, scroll to come nearer, click a name to hide it. Images and lasso are in the 2-D map.")
    return used, at


def _figure(one: latent_map.RunMap, kind: str, by: str, step: int, height: int) -> Figure:
    from simssl_core.figures.map3d import map3d

    known = source.points(one, str(one.folder), source.stamp(one))
    coloured, views_only = source.colours(known, one.record.dataset.classes, by)
    keep = np.ones(one.count, bool) if views_only else known.images
    layout = latent_map.read_layout(one, kind, latent_map.nearest_step(one, step))
    words = known.table["class"].astype(str).to_numpy()[keep]
    axes = [f"PC {k}" if kind == "pca" else "" for k in (1, 2, 3)]
    return map3d(layout[keep], replace(coloured, codes=coloured.codes[keep]), words, axes, height)
