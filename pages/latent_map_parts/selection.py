"""Beside the map: what was selected, what it has in common, and what lies next to it."""

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

WIDE, MOST, NEAR = 9, 45, 18


def selection_panel(panels: Sequence[Panel], step: int, chosen: np.ndarray) -> None:
    """The selected points ``chosen`` (rows of the points that all ``panels`` share) at ``step`` (−1: the newest)."""
    shown, kind = panels[0].shown, panels[0].kind
    folder, when = str(shown.folder), source.stamp(shown)
    known = source.points(shown, folder, when)
    pictures = source.images(shown, folder, when)
    if len(chosen) == 1:
        st.markdown(f"**{known.table['class'].iloc[chosen[0]]}**")
        st.image(
            png(tile(pictures[chosen], 1, gap=0, scale=_scale(pictures, 128))), width=128, alt="the selected image"
        )
        link("pages/traverse.py", "Walk on from this image", "explore", {"run": shown.run, "image": str(chosen[0])})
    else:
        st.markdown(f"**{len(chosen):,} points selected**")
        _in_common(known, chosen)
        _tiles(pictures[chosen[:MOST]])
        if len(chosen) > MOST:
            st.caption(f"The first {MOST} of {len(chosen):,}.")
    for panel in panels:
        found = neighbours.of_point(panel.shown, int(chosen[0])) if len(chosen) == 1 else None
        if found is not None:
            _alike(known, chosen[0], found.near, panel.title)
            _tiles(pictures[found.near], 6)
            continue
        layout = _layout(panel.shown, kind, step)
        near = latent_map.nearest_points(layout, chosen, NEAR, known.images)
        if len(near):
            st.markdown(f"**Nearest on {panel.title}’s map**")
            _tiles(pictures[near])
    if len(chosen) == 1:
        st.caption("Nearest in the whole representation (newest weights). The lines on the maps lead to them.")
    layout = _layout(shown, kind, step)
    table = known.table.iloc[chosen].assign(x=layout[chosen, 0], y=layout[chosen, 1])
    st.download_button(
        "Selection as CSV",
        table.to_csv(index=False),
        f"{shown.run}-selection.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _alike(known: source.Points, point: int, near: np.ndarray, title: str) -> None:
    classes = known.table["class"].astype(str)
    own = classes.iloc[point]
    same = int((classes.iloc[near] == own).sum())
    st.markdown(f"**Nearest to it for {title}** — {same} of {len(near)} are “{own}”")


def nothing_selected() -> None:
    """What to do while nothing is selected."""
    st.markdown("**Nothing selected yet**")
    st.markdown(
        ":gray[Point at a dot to see its image. Click one to see its neighbours, or choose *Lasso* and draw round "
        "a group to see what its images have in common. With several runs, the same images light up in all of them.]"
    )
    st.caption("Keys, once the map is clicked: space plays, ← → step, + − zoom, 0 fits, Esc clears.")


def downloads(shown: Sequence[latent_map.RunMap], kind: str, step: int) -> None:
    """A button for each run: its whole layout with the points' labels and factors, as CSV, made when asked for."""
    with st.container(horizontal=True):
        for one in shown:
            st.download_button(
                f"{one.record.label}: layout as CSV",
                lambda one=one: _layout_csv(one, kind, step),
                f"{one.run}-{kind}.csv",
                "text/csv",
                icon=":material/download:",
                key=f"csv_{one.run}",
                on_click="ignore",
            )


def _layout_csv(shown: latent_map.RunMap, kind: str, step: int) -> bytes:
    table, at = latent_map.read_points(shown), latent_map.nearest_step(shown, step)
    layout = latent_map.read_layout(shown, kind, at)
    axes = {f"{kind}_{k + 1}": layout[:, k] for k in range(layout.shape[1])}
    return table.assign(step=at, **axes).to_csv(index=False).encode()


def _layout(shown: latent_map.RunMap, kind: str, step: int) -> np.ndarray:
    return latent_map.read_layout(shown, kind, latent_map.nearest_step(shown, step))[:, :2]


def _scale(pictures: np.ndarray, size: int) -> int:
    return max(1, round(size / max(pictures.shape[1:3])))


def _tiles(pictures: np.ndarray, columns: int = WIDE) -> None:
    scale = _scale(pictures, 64)
    st.image(png(tile(pictures, columns, gap=4, scale=scale)), width="stretch", alt=f"{len(pictures)} images")


def _in_common(known: source.Points, chosen: np.ndarray) -> None:
    classes = latent_map.composition(known.table, chosen)
    few = classes.head(5)
    rows = [(row["class"], row["share"], CONTENT_COLOUR, f"{row['share']:.0%}") for _, row in few.iterrows()]
    if len(classes) > len(few):
        rest = float(classes["share"][len(few) :].sum())
        rows.append((f"{len(classes) - len(few)} more", rest, CONTENT_COLOUR, f"{rest:.0%}"))
    bars("Content", rows)
    varied = latent_map.spreads(known.table, chosen, known.circular)
    if len(varied):
        named = [
            (row["factor"].replace("_", " "), row["spread"], STYLE_COLOUR, f"{row['spread']:.0%}")
            for _, row in varied.iterrows()
        ]
        bars("Style: variety left", named)
        st.caption("Variety left: how much a factor still varies in the selection. A short bar: the map sorts by it.")
