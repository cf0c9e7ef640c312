"""Latent map: how each objective arranges content and style, over training time, up to four runs side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.parts import map_source
from pages.parts.entrance import through_app
from pages.parts.layout import LIVE, caption, empty, guard, header
from pages.parts.map_component import latent_map
from pages.parts.map_panel import downloads, nothing_selected, selection_panel
from pages.parts.map_solid import solid_maps
from pages.parts.runs_picker import all_runs, pick_runs
from simssl_core.errors import CheckpointError
from simssl_core.runs import atlas

NAMES = {"umap": "UMAP", "pca": "PCA"}
HEIGHT = 490
PAIR = {"simvae", "simclr"}
SEE = {
    map_source.CONTENT: "Islands of one colour: this objective sorts images by content. "
    "Colours that mix: it sorts by something else.",
    map_source.INSTANCE: "Each colour is one image seen in many views. Clouds shrunk to dots: the views’ style was "
    "thrown away. Wide clouds: style is kept around the content, p(z|y).",
}


def main() -> None:
    """The page from top to bottom."""
    header("Latent map", "How does each objective arrange content and style?")
    with guard():
        entries = [entry for entry in all_runs() if _has_map(entry)]
        if not entries:
            empty(
                "No map to show yet",
                "Train an objective for a minute: its map is drawn while it learns.",
                "pages/train.py",
                "Train",
                icon="play_circle",
            )
            return
        runs, kind, by, space = _controls(entries)
        if not runs:
            empty("No run chosen", "Choose one to four runs above; two side by side show a difference best.")
            return
        live = any(run.status in LIVE for run in runs)
        draw = _flat if space == "2-D" else _solid
        st.fragment(draw, key="map", run_every=2.0 if live else None)([str(run.folder) for run in runs], kind, by)


def _has_map(entry) -> bool:
    return any((entry.folder / "map").glob("*.safetensors"))


def _controls(entries) -> tuple:
    left, right = st.columns([5, 6], vertical_alignment="bottom")
    _suggest(entries)
    with left:
        runs = pick_runs(entries, label="Runs (up to four)")
    known, kinds = [map_source.CONTENT, map_source.INSTANCE], list(NAMES)
    for shown in _opened([run.folder for run in runs]):
        kinds = [kind for kind in kinds if kind in shown.kinds] or kinds
        table = map_source.points(shown, str(shown.folder), map_source.stamp(shown))
        known += [factor["name"] for factor in table.factors if factor["name"] not in known]
    with right, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        by = st.selectbox("Colour by", known, key="colour", bind="query-params")
        kind = st.segmented_control(
            "Layout", kinds, default=kinds[0], key="kind", bind="query-params", format_func=NAMES.get, required=True
        )
        space = st.segmented_control(
            "Space", ["2-D", "3-D"], default="2-D", key="space", bind="query-params", required=True
        )
    return runs, kind or kinds[0], by or map_source.CONTENT, space or "2-D"


def _suggest(entries) -> None:
    """Two runs of one race to begin with: side by side they show what one alone cannot."""
    if "runs" in st.session_state:
        st.session_state["runs"] = list(st.session_state["runs"] or ())[:4]
    elif "runs" not in st.query_params:
        races = [[e for e in entries if e.race == first.race] for first in entries]
        pair = max(races, key=lambda race: len({e.objective for e in race} & PAIR))
        pair = sorted(pair, key=lambda e: e.objective not in PAIR)[:2]
        st.session_state["runs"] = [e.run for e in pair]


def _opened(folders: list) -> list[atlas.RunMap]:
    shown = []
    for folder in folders:
        try:
            shown.append(atlas.open_map(folder))
        except CheckpointError as error:
            st.warning(str(error), icon=":material/hourglass_empty:")
    return shown


def _flat(folders: list[str], kind: str, by: str) -> None:
    with guard():
        shown = _opened(folders)
        if not shown:
            return
        panels = [map_source.panel(one, kind, by) for one in shown]
        left, right = st.columns([13, 5], gap="medium")
        with left:
            state = latent_map(panels, key="latent_map", height=HEIGHT, step=_asked_step(), selection=None)
            caption(SEE.get(by) or f"A smooth sweep of colour: the map keeps {by}. Confetti: it was thrown away.")
        step = state["step"] if isinstance(state["step"], int) else -1
        _remember_step(step)
        with right, st.container(height=HEIGHT + 40, border=True):
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
        shown = _opened(folders)
        if shown:
            used, step = solid_maps(shown, kind, by, HEIGHT)
            downloads(shown, used, step)


def _asked_step() -> int:
    try:
        return int(st.query_params.get("step", -1))
    except ValueError:
        return -1


def _remember_step(step: int) -> None:
    if step < 0:
        st.query_params.pop("step", None)
    elif st.query_params.get("step") != str(step):
        st.query_params["step"] = str(step)


through_app()
main()
