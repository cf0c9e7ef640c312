"""The choices above the map: which runs, coloured by what, in which layout. All of them stand in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class MapChoice:
    """What the controls are set to."""

    runs: list[RunEntry]
    kind: str  # the layout: "umap" or "pca"
    colour_by: str  # "content", "instance" or the name of a factor
    space: str  # "2-D" or "3-D"


def has_map(entry: RunEntry) -> bool:
    """Whether the run has a layout on the disk."""
    return any((entry.folder / "map").glob("*.safetensors"))


def controls(entries: Sequence[RunEntry]) -> MapChoice:
    """Draw the row of widgets and return what they are set to."""
    left, right = st.columns([6, 5], vertical_alignment="bottom")
    _suggest(entries)
    with left:
        runs = pick_runs(entries, label="Runs (up to four)")
    colourings, kinds = [source.CONTENT, source.INSTANCE], list(NAMES)
    for run_map in open_maps([run.folder for run in runs]):
        kinds = [kind for kind in kinds if kind in run_map.kinds] or kinds
        points = source.points(run_map, str(run_map.folder), source.stamp(run_map))
        colourings += [factor["name"] for factor in points.factors if factor["name"] not in colourings]
    with right, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        colour_by = st.selectbox("Colour by", colourings, key="colour", bind="query-params")
        kind = st.segmented_control(
            "Layout", kinds, default=kinds[0], key="kind", bind="query-params", format_func=NAMES.get, required=True
        )
        space = st.segmented_control(
            "Space", ["2-D", "3-D"], default="2-D", key="space", bind="query-params", required=True
        )
    return MapChoice(runs, kind or kinds[0], colour_by or source.CONTENT, space or "2-D")


def open_maps(folders: Sequence[str | Path]) -> list[latent_map.RunMap]:
    """The maps of the runs in ``folders``. A map that cannot be read yet is left out, with a warning on the page."""
    run_maps = []
    for folder in folders:
        try:
            run_maps.append(latent_map.open_map(folder))
        except CheckpointError as error:
            st.warning(str(error), icon=":material/hourglass_empty:")
    return run_maps


def step_in_address() -> int:
    """The training step in the address bar; −1 (the newest) where there is none."""
    try:
        return int(st.query_params.get("step", -1))
    except ValueError:
        return -1


def remember_step(step: int) -> None:
    """Write ``step`` into the address bar; a negative one removes it."""
    if step < 0:
        st.query_params.pop("step", None)
    elif st.query_params.get("step") != str(step):
        st.query_params["step"] = str(step)


def _suggest(entries: Sequence[RunEntry]) -> None:
    """Start with two runs of one race, each typical of its family: the pair shows what one run alone cannot."""
    if "runs" in st.session_state:
        st.session_state["runs"] = list(st.session_state["runs"] or ())[:4]
    elif "runs" not in st.query_params:
        typical = {name for name, objective_facts in facts.everything().items() if objective_facts.typical}
        races = [[entry for entry in entries if entry.race == first.race] for first in entries]
        members = max(races, key=lambda race_entries: len({entry.objective for entry in race_entries} & typical))
        pair = sorted(members, key=lambda entry: entry.objective not in typical)[:2]
        st.session_state["runs"] = [entry.run for entry in pair]
