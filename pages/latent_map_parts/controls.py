"""What the map is told to show: which runs, coloured by what, laid out how; all of it in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.latent_map_parts import source
from pages.shared.run_picker import pick_runs
from simssl_core.analysis import latent_map
from simssl_core.errors import CheckpointError
from simssl_core.objectives import facts

if TYPE_CHECKING:
    from simssl_core.library import RunEntry

NAMES = {"umap": "UMAP", "pca": "PCA"}


def has_map(entry: RunEntry) -> bool:
    """Whether the run has a layout on the disk."""
    return any((entry.folder / "map").glob("*.safetensors"))


def controls(entries: Sequence[RunEntry]) -> tuple[list[RunEntry], str, str, str]:
    """The row of widgets: runs, layout ("umap" or "pca"), colour, space ("2-D" or "3-D")."""
    left, right = st.columns([6, 5], vertical_alignment="bottom")
    _suggest(entries)
    with left:
        runs = pick_runs(entries, label="Runs (up to four)")
    known, kinds = [source.CONTENT, source.INSTANCE], list(NAMES)
    for shown in opened([run.folder for run in runs]):
        kinds = [kind for kind in kinds if kind in shown.kinds] or kinds
        table = source.points(shown, str(shown.folder), source.stamp(shown))
        known += [factor["name"] for factor in table.factors if factor["name"] not in known]
    with right, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        by = st.selectbox("Colour by", known, key="colour", bind="query-params")
        kind = st.segmented_control(
            "Layout", kinds, default=kinds[0], key="kind", bind="query-params", format_func=NAMES.get, required=True
        )
        space = st.segmented_control(
            "Space", ["2-D", "3-D"], default="2-D", key="space", bind="query-params", required=True
        )
    return runs, kind or kinds[0], by or source.CONTENT, space or "2-D"


def opened(folders: Sequence[str | Path]) -> list[latent_map.RunMap]:
    """The maps of these runs; one that cannot be read yet says so."""
    shown = []
    for folder in folders:
        try:
            shown.append(latent_map.open_map(folder))
        except CheckpointError as error:
            st.warning(str(error), icon=":material/hourglass_empty:")
    return shown


def asked_step() -> int:
    """The training step in the address; −1, the newest, where there is none."""
    try:
        return int(st.query_params.get("step", -1))
    except ValueError:
        return -1


def remember_step(step: int) -> None:
    """Keep the step in the address."""
    if step < 0:
        st.query_params.pop("step", None)
    elif st.query_params.get("step") != str(step):
        st.query_params["step"] = str(step)


def _suggest(entries: Sequence[RunEntry]) -> None:
    """Two runs of one race to begin with, one typical of each family: side by side they show what one alone cannot."""
    if "runs" in st.session_state:
        st.session_state["runs"] = list(st.session_state["runs"] or ())[:4]
    elif "runs" not in st.query_params:
        typical = {name for name, about in facts.everything().items() if about.typical}
        races = [[e for e in entries if e.race == first.race] for first in entries]
        pair = max(races, key=lambda race: len({e.objective for e in race} & typical))
        pair = sorted(pair, key=lambda e: e.objective not in typical)[:2]
        st.session_state["runs"] = [e.run for e in pair]
