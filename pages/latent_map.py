"""Latent map: how each objective arranges content and style, over training time, up to four runs side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.components.drawing_pad import drawing_pad
from pages.components.latent_map.latent_map import latent_map
from pages.latent_map_parts import neighbours, source
from pages.latent_map_parts.controls import asked_step, controls, has_map, opened, remember_step
from pages.latent_map_parts.map_3d import solid_maps
from pages.latent_map_parts.selection import downloads, nothing_selected, selection_panel
from pages.shared.layout import LIVE, caption, empty, guard, header
from pages.shared.navigation import restart_through_app
from pages.shared.run_picker import all_runs

KEY = "latent_map"
HEIGHT = 490
SEE = {
    source.CONTENT: "Islands of one colour: this objective sorts images by content. "
    "Colours that mix: it sorts by something else.",
    source.INSTANCE: "Each colour is one image seen in many views. Clouds shrunk to dots: the views’ style was "
    "thrown away. Wide clouds: style is kept around the content, p(z|y).",
}


def main() -> None:
    """The page from top to bottom."""
    header("Latent map", "How does each objective arrange content and style?")
    with guard():
        entries = [entry for entry in all_runs() if has_map(entry)]
        if not entries:
            empty(
                "No map to show yet",
                "Train an objective for a minute: its map is drawn while it learns.",
                "pages/train.py",
                "Train",
                icon="play_circle",
            )
            return
        runs, kind, by, space = controls(entries)
        if not runs:
            empty("No run chosen", "Choose one to four runs above; two side by side show a difference best.")
            return
        live = any(run.status in LIVE for run in runs)
        draw = _flat if space == "2-D" else _solid
        st.fragment(draw, key="map", run_every=2.0 if live else None)([str(run.folder) for run in runs], kind, by)


def _flat(folders: list[str], kind: str, by: str) -> None:
    with guard():
        shown = opened(folders)
        if not shown:
            return
        drawing = drawing_pad.drawing(neighbours.PAD)
        told = st.session_state.get(KEY) or {}
        links = neighbours.links(shown, told.get("selection"), drawing)
        panels = [replace(source.panel(one, kind, by), links=link) for one, link in zip(shown, links, strict=True)]
        left, right = st.columns([13, 5], gap="medium")
        with left:
            state = latent_map(panels, key=KEY, height=HEIGHT, step=asked_step(), selection=None)
            caption(SEE.get(by) or f"A smooth sweep of colour: the map keeps {by}. Confetti: it was thrown away.")
        step = state["step"] if isinstance(state["step"], int) else -1
        remember_step(step)
        with right, st.container(height=HEIGHT + 40, border=True):
            neighbours.draw_your_own(panels, drawing)
            _beside(panels, step, state["selection"])
        downloads(shown, kind, step)


def _beside(panels, step: int, selection) -> None:
    told = selection if isinstance(selection, dict) else {}
    mine = [panel for panel in panels if panel.group == told.get("group")]
    mine.sort(key=lambda panel: panel.shown.run != told.get("run"))
    count = mine[0].shown.count if mine else 0
    chosen = np.array([k for k in told.get("points") or () if isinstance(k, int) and 0 <= k < count], int)
    if len(chosen):
        selection_panel(mine, step, chosen)
    else:
        nothing_selected()


def _solid(folders: list[str], kind: str, by: str) -> None:
    with guard():
        shown = opened(folders)
        if shown:
            used, step = solid_maps(shown, kind, by, HEIGHT)
            downloads(shown, used, step)


restart_through_app()
main()
