"""Beside the map: what was selected, what the selected images have in common, and which images are nearest to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.components.latent_map.latent_map import Panel
from pages.latent_map_parts import neighbours, source
from pages.shared.bars import bars
from pages.shared.layout import link
from simssl_core.analysis import latent_map
from simssl_core.figures.pictures import png, tile
from simssl_core.figures.theme import CONTENT_COLOUR, STYLE_COLOUR

COLUMNS = 9  # images in a row
MOST = 45  # selected images that are shown
NEAR = 18  # nearest points on a map
CLASSES = 5  # classes with a bar of their own; the others share one


def selection_panel(panels: Sequence[Panel], step: int, selected: np.ndarray) -> None:
    """Describe the points ``selected`` (rows of the points that all ``panels`` share) at ``step`` (−1: the newest)."""
    run_map, kind = panels[0].run_map, panels[0].kind
    folder, stamp = str(run_map.folder), source.stamp(run_map)
    points = source.points(run_map, folder, stamp)
    pictures = source.images(run_map, folder, stamp)
    if len(selected) == 1:
        _show_point(points, pictures, run_map.run, int(selected[0]))
    else:
        _show_group(points, pictures, selected)
    for panel in panels:
        _show_neighbours(panel, points, pictures, selected, step)
    if len(selected) == 1:
        st.caption("Nearest in the whole representation (newest weights). The lines on the maps lead to them.")
    layout = _layout(run_map, kind, step)
    table = points.table.iloc[selected].assign(x=layout[selected, 0], y=layout[selected, 1])
    st.download_button(
        "Selection as CSV",
        table.to_csv(index=False),
        f"{run_map.run}-selection.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _show_point(points: source.Points, pictures: np.ndarray, run: str, point: int) -> None:
    st.markdown(f"**{points.table['class'].iloc[point]}**")
    picture = png(tile(pictures[[point]], 1, gap=0, scale=_scale(pictures, 128)))
    st.image(picture, width=128, alt="the selected image")
    link("pages/traverse.py", "Open this image in Traverse", "explore", {"run": run, "image": str(point)})


def _show_group(points: source.Points, pictures: np.ndarray, selected: np.ndarray) -> None:
    st.markdown(f"**{len(selected):,} points selected**")
    _show_common(points, selected)
    _show_tiles(pictures[selected[:MOST]])
    if len(selected) > MOST:
        st.caption(f"The first {MOST} of {len(selected):,}.")


def _show_neighbours(
    panel: Panel, points: source.Points, pictures: np.ndarray, selected: np.ndarray, step: int
) -> None:
    """The nearest images: of a single point in the whole representation, of several points on the map."""
    nearest = neighbours.of_point(panel.run_map, int(selected[0])) if len(selected) == 1 else None
    if nearest is not None:
        _count_same_class(points, selected[0], nearest.near, panel.title)
        _show_tiles(pictures[nearest.near], 6)
        return
    near = latent_map.nearest_points(_layout(panel.run_map, panel.kind, step), selected, NEAR, points.images)
    if len(near):
        st.markdown(f"**Nearest on {panel.title}’s map**")
        _show_tiles(pictures[near])


def _count_same_class(points: source.Points, point: int, near: np.ndarray, title: str) -> None:
    classes = points.table["class"].astype(str)
    own_class = classes.iloc[point]
    same = int((classes.iloc[near] == own_class).sum())
    st.markdown(f"**Nearest to it for {title}** — {same} of {len(near)} are “{own_class}”")


def nothing_selected() -> None:
    """Explain what to do while nothing is selected."""
    st.markdown("**Nothing selected yet**")
    st.markdown(
        ":gray[Point at a dot to see its image. Click one to see its neighbours, or choose *Lasso* and draw round "
        "a group to see what its images have in common. With several runs, the same images light up in all of them.]"
    )
    st.caption("Keys, once the map is clicked: space plays, ← → step, + − zoom, 0 fits, Esc clears.")


def downloads(run_maps: Sequence[latent_map.RunMap], kind: str, step: int) -> None:
    """A button for each run: its whole layout with the points' labels and factors, as CSV, made at the click."""
    with st.container(horizontal=True):
        for run_map in run_maps:
            st.download_button(
                f"{run_map.record.label}: layout as CSV",
                lambda run_map=run_map: _layout_csv(run_map, kind, step),
                f"{run_map.run}-{kind}.csv",
                "text/csv",
                icon=":material/download:",
                key=f"csv_{run_map.run}",
                on_click="ignore",
            )


def _layout_csv(run_map: latent_map.RunMap, kind: str, step: int) -> bytes:
    table, measured_step = latent_map.read_points(run_map), latent_map.nearest_step(run_map, step)
    layout = latent_map.read_layout(run_map, kind, measured_step)
    axes = {f"{kind}_{k + 1}": layout[:, k] for k in range(layout.shape[1])}
    return table.assign(step=measured_step, **axes).to_csv(index=False).encode()


def _layout(run_map: latent_map.RunMap, kind: str, step: int) -> np.ndarray:
    return latent_map.read_layout(run_map, kind, latent_map.nearest_step(run_map, step))[:, :2]


def _scale(pictures: np.ndarray, size: int) -> int:
    return max(1, round(size / max(pictures.shape[1:3])))


def _show_tiles(pictures: np.ndarray, columns: int = COLUMNS) -> None:
    scale = _scale(pictures, 64)
    st.image(png(tile(pictures, columns, gap=4, scale=scale)), width="stretch", alt=f"{len(pictures)} images")


def _show_common(points: source.Points, selected: np.ndarray) -> None:
    """Bars: the classes' shares of the selection, and how much each factor still varies in it."""
    classes = latent_map.composition(points.table, selected)
    largest = classes.head(CLASSES)
    rows = [(row["class"], row["share"], CONTENT_COLOUR, f"{row['share']:.0%}") for _, row in largest.iterrows()]
    if len(classes) > len(largest):
        rest = float(classes["share"][len(largest) :].sum())
        rows.append((f"{len(classes) - len(largest)} more", rest, CONTENT_COLOUR, f"{rest:.0%}"))
    bars("Content", rows)
    spreads = latent_map.spreads(points.table, selected, points.circular)
    if len(spreads):
        rows = [
            (row["factor"].replace("_", " "), row["spread"], STYLE_COLOUR, f"{row['spread']:.0%}")
            for _, row in spreads.iterrows()
        ]
        bars("Style: variety left", rows)
        st.caption("Variety left: how much a factor still varies in the selection. A short bar: the map sorts by it.")
