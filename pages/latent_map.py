"""Latent map: how each objective arranges content and style, over training time, up to four runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.components.drawing_pad import drawing_pad
from pages.components.latent_map.latent_map import Panel, latent_map
from pages.latent_map_parts import neighbours, source
from pages.latent_map_parts.controls import controls, has_map, open_maps, remember_step, step_in_address
from pages.latent_map_parts.map_3d import draw_maps_3d
from pages.latent_map_parts.selection import downloads, nothing_selected, selection_panel
from pages.shared.layout import LIVE, caption, empty, guard, header
from pages.shared.navigation import restart_through_app
from pages.shared.run_picker import all_runs

KEY = "latent_map"
HEIGHT = 490  # pixels
HINTS = {
    source.CONTENT: "Islands of one colour: this objective sorts images by content. "
    "Mixed colours: it sorts by something else.",
    source.INSTANCE: "Each colour is one image seen in many views. Clouds shrunk to dots: the style of the views was "
    "thrown away. Wide clouds: style is kept around the content, p(z|y).",
}


def main() -> None:
    """Draw the page from top to bottom."""
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
        choice = controls(entries)
        if not choice.runs:
            empty("No run chosen", "Choose one to four runs above; two side by side show a difference best.")
            return
        live = any(run.status in LIVE for run in choice.runs)
        draw = _draw_2d if choice.space == "2-D" else _draw_3d
        folders = [str(run.folder) for run in choice.runs]
        st.fragment(draw, key="map", run_every=2.0 if live else None)(folders, choice.kind, choice.colour_by)


def _draw_2d(folders: list[str], kind: str, colour_by: str) -> None:
    """The linked maps at the left, the drawing sheet and the selection beside them, and the downloads below."""
    with guard():
        run_maps = open_maps(folders)
        if not run_maps:
            return
        drawing = drawing_pad.drawing(neighbours.PAD)
        last_state = st.session_state.get(KEY) or {}
        links = neighbours.links(run_maps, last_state.get("selection"), drawing)
        panels = [
            replace(source.panel(run_map, kind, colour_by), links=link)
            for run_map, link in zip(run_maps, links, strict=True)
        ]
        left, right = st.columns([13, 5], gap="medium")
        with left:
            state = latent_map(panels, key=KEY, height=HEIGHT, step=step_in_address(), selection=None)
            smooth = f"Colours change smoothly: the map keeps {colour_by}. Confetti: {colour_by} was thrown away."
            caption(HINTS.get(colour_by, smooth))
        step = state["step"] if isinstance(state["step"], int) else -1
        remember_step(step)
        with right, st.container(height=HEIGHT + 40, border=True):
            neighbours.draw_your_own(panels, drawing)
            _show_selection(panels, step, state["selection"])
        downloads(run_maps, kind, step)


def _show_selection(panels: Sequence[Panel], step: int, selection: object) -> None:
    """Describe ``selection`` as the browser sent it; anything that is no valid selection counts as none."""
    fields = selection if isinstance(selection, dict) else {}
    linked = [panel for panel in panels if panel.group == fields.get("group")]
    linked.sort(key=lambda panel: panel.run_map.run != fields.get("run"))
    count = linked[0].run_map.count if linked else 0
    points = np.array([k for k in fields.get("points") or () if isinstance(k, int) and 0 <= k < count], int)
    if len(points):
        selection_panel(linked, step, points)
    else:
        nothing_selected()


def _draw_3d(folders: list[str], kind: str, colour_by: str) -> None:
    with guard():
        run_maps = open_maps(folders)
        if run_maps:
            drawn_kind, step = draw_maps_3d(run_maps, kind, colour_by, HEIGHT)
            downloads(run_maps, drawn_kind, step)


restart_through_app()
main()
