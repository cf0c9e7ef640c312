"""The map in three dimensions: one figure to turn for each run, all at the same training step."""

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


def draw_maps_3d(run_maps: list[latent_map.RunMap], kind: str, colour_by: str, height: int) -> tuple[str, int]:
    """Draw the maps; returns the kind of layout and the training step that were drawn (for the download)."""
    steps = sorted({step for run_map in run_maps for step in run_map.steps})
    step = steps[-1]
    if len(steps) > 1:
        step = st.select_slider("Training step", steps, value=step, key=f"solid_step_{step}")
    columns = st.columns(min(2, len(run_maps)))
    drawn_kind = kind
    for i, run_map in enumerate(run_maps):
        drawn_kind = "umap3" if kind == "umap" and "umap3" in run_map.kinds else "pca"
        with columns[i % len(columns)]:
            st.markdown(f"**{run_map.record.label}** :gray[{run_map.run} · {NAMES[drawn_kind]}]")
            st.plotly_chart(_figure(run_map, drawn_kind, colour_by, step, height), key=f"solid_{run_map.run}")
    if kind == "umap" and drawn_kind == "pca":
        caption("This run has no three-dimensional UMAP; PCA stands in.")
    caption("Drag to turn, scroll to zoom, click a name to hide it. Images and lasso are in the 2-D map.")
    return drawn_kind, step


def _figure(run_map: latent_map.RunMap, kind: str, colour_by: str, step: int, height: int) -> Figure:
    from simssl_core.figures.map3d import map3d

    points = source.points(run_map, str(run_map.folder), source.stamp(run_map))
    colouring, views_only = source.colours(points, run_map.record.dataset.classes, colour_by)
    mask = np.ones(run_map.count, bool) if views_only else points.images
    layout = latent_map.read_layout(run_map, kind, latent_map.nearest_step(run_map, step))
    class_names = points.table["class"].astype(str).to_numpy()[mask]
    axes = [f"PC {k}" if kind == "pca" else "" for k in (1, 2, 3)]
    return map3d(layout[mask], replace(colouring, codes=colouring.codes[mask]), class_names, axes, height)
