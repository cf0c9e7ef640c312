"""A pad over two directions at once: drag a point over a grid of pictures and see what lies exactly there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from pages.components.plane import plane as component
from pages.components.sliders.sliders import slider_move
from pages.shared.layout import caption
from simssl_core.figures.pictures import channels_last, gif, png, tile

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

KEY = "plane"
OFFSETS = np.linspace(-3, 3, 9)
FRAMES = np.linspace(-3, 3, 21)


class Direction(NamedTuple):
    """One direction of a explorer: its kind and its place there."""

    kind: str
    k: int


def plane(explorer: Explorer, k: int) -> None:
    """Two boxes for the directions, the pad, and the picture at the chosen place."""
    known = _known(explorer)
    first, second = _ask(list(known))
    ways = known[first], known[second]
    about = f"{explorer.record.run}|{k}|{explorer.token}|{first}|{second}"
    wish = slider_move(KEY, about)
    at = [wish["offsets"].get(axis, 0.0) for axis in (0, 1)]
    z = explorer.latents[k]
    for (kind, n), steps in zip(ways, at, strict=True):
        z = explorer.moved(z, {n: steps}, kind)
    component.plane(
        key=KEY,
        about=about,
        seq=wish["seq"],
        at=at,
        names=(first, second),
        offsets=OFFSETS,
        grid=grid(explorer, str(explorer.folder), explorer.token, k, ways),
        after=png(channels_last(explorer.draw(z[None]))[0]),
        words=f"what lies at the chosen place between {first} and {second}",
    )
    caption(
        f"Across: {first}. Upwards: {second}. Three standard deviations (σ) either way; the image in the middle. "
        "Drag the point or use the arrow keys. Directions that do different things change rows and columns separately."
    )
    _save(explorer, k, {first: ways[0], second: ways[1]})


def _known(explorer: Explorer) -> dict[str, Direction]:
    return {name: Direction(kind, n) for kind, ways in explorer.ways.items() for n, name in enumerate(ways.names)}


def _ask(names: list[str]) -> tuple[str, str]:
    """The two names; at first the strongest direction of style across and the strongest of content upwards."""
    likely = ["style 1", "content 1"]
    start = [name if name in names else names[n] for n, name in enumerate(likely)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = []
        for n, (label, key) in enumerate((("Across", "across"), ("Upwards", "upwards"))):
            box = st.selectbox(label, names, index=names.index(start[n]), key=key, bind="query-params", width=220)
            chosen.append(box if box in names else start[n])
    return chosen[0], chosen[1]


@st.cache_data(max_entries=32, show_spinner=False)
def grid(_explorer: Explorer, folder: str, token: str, k: int, ways: tuple[Direction, Direction]) -> bytes:
    """A PNG of S × S pictures, the first direction to the right, the second upwards."""
    import torch

    rows = []
    for up in OFFSETS[::-1]:
        z = _explorer.moved(_explorer.latents[k], {ways[1].k: float(up)}, ways[1].kind)
        rows += [_explorer.moved(z, {ways[0].k: float(right)}, ways[0].kind) for right in OFFSETS]
    pictures = _explorer.draw(torch.stack(rows))
    return png(tile(channels_last(pictures), len(OFFSETS), gap=0))


def _save(explorer: Explorer, k: int, ways: dict[str, Direction]) -> None:
    """An animated GIF along each of the directions, and the grid as a picture; made when asked for."""
    with st.container(horizontal=True):
        for name, way in ways.items():
            st.download_button(
                f"{name} as GIF",
                lambda way=way: _animated(explorer, k, way),
                f"{explorer.record.run}-{k}-{name.replace(' ', '')}.gif",
                "image/gif",
                icon=":material/gif_box:",
                key=f"gif_{name}",
                on_click="ignore",
            )
        pair = tuple(ways.values())
        st.download_button(
            "Grid as PNG",
            lambda: grid(explorer, str(explorer.folder), explorer.token, k, (pair[0], pair[-1])),
            f"{explorer.record.run}-{k}-plane.png",
            "image/png",
            icon=":material/download:",
            key="plane_png",
            on_click="ignore",
        )


def _animated(explorer: Explorer, k: int, way: Direction) -> bytes:
    import torch

    z = [explorer.moved(explorer.latents[k], {way.k: float(steps)}, way.kind) for steps in FRAMES]
    return gif(channels_last(explorer.draw(torch.stack(z))))
