"""A pad over two directions at once: drag a point over a grid of pictures to see the picture at that point."""

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
OFFSETS = np.linspace(-3, 3, 9)  # of the grid's tiles, in standard deviations
FRAMES = np.linspace(-3, 3, 21)  # of a GIF's frames
START = ("style 1", "content 1")  # across, upwards


class Direction(NamedTuple):
    """One direction of an explorer: its kind, and its number ``k`` among those of that kind."""

    kind: str
    k: int


def plane(explorer: Explorer, k: int) -> None:
    """Two boxes for the directions, the pad, and the picture at the chosen place."""
    directions = _directions(explorer)
    first, second = _pick_two(list(directions))
    pair = directions[first], directions[second]
    subject = f"{explorer.record.run}|{k}|{explorer.token}|{first}|{second}"
    move = slider_move(KEY, subject)
    position = [move.offsets.get(axis, 0.0) for axis in (0, 1)]
    z = explorer.latents[k]
    for direction, steps in zip(pair, position, strict=True):
        z = explorer.moved(z, {direction.k: steps}, direction.kind)
    component.plane(
        key=KEY,
        subject=subject,
        seq=move.seq,
        position=position,
        names=(first, second),
        offsets=OFFSETS,
        grid=grid(explorer, str(explorer.folder), explorer.token, k, pair),
        after=png(channels_last(explorer.draw(z[None]))[0]),
        alt=f"the picture at the chosen place between {first} and {second}",
    )
    caption(
        f"Across: {first}. Upwards: {second}. Three standard deviations (σ) either way; the image in the middle. "
        "Drag the point or use the arrow keys. Directions that do different things change rows and columns separately."
    )
    _downloads(explorer, k, {first: pair[0], second: pair[1]})


def _directions(explorer: Explorer) -> dict[str, Direction]:
    """Every direction of the explorer, by name."""
    return {name: Direction(kind, n) for kind, group in explorer.ways.items() for n, name in enumerate(group.names)}


def _pick_two(names: list[str]) -> tuple[str, str]:
    """Two boxes for the directions; they start with the strongest of style across and of content upwards."""
    start = [name if name in names else names[n] for n, name in enumerate(START)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pair = []
        for n, (label, key) in enumerate((("Across", "across"), ("Upwards", "upwards"))):
            box = st.selectbox(label, names, index=names.index(start[n]), key=key, bind="query-params", width=220)
            pair.append(box if box in names else start[n])
    return pair[0], pair[1]


@st.cache_data(max_entries=32, show_spinner=False)
def grid(_explorer: Explorer, folder: str, token: str, k: int, pair: tuple[Direction, Direction]) -> bytes:
    """A PNG of S × S pictures: the first direction of ``pair`` to the right, the second upwards."""
    import torch

    across, upwards = pair
    rows = []
    for up in OFFSETS[::-1]:
        z = _explorer.moved(_explorer.latents[k], {upwards.k: float(up)}, upwards.kind)
        rows += [_explorer.moved(z, {across.k: float(right)}, across.kind) for right in OFFSETS]
    pictures = _explorer.draw(torch.stack(rows))
    return png(tile(channels_last(pictures), len(OFFSETS), gap=0))


def _downloads(explorer: Explorer, k: int, directions: dict[str, Direction]) -> None:
    """Buttons for an animated GIF along each direction and for the grid as a picture, made at the click."""
    with st.container(horizontal=True):
        for name, direction in directions.items():
            st.download_button(
                f"{name} as GIF",
                lambda direction=direction: _animated(explorer, k, direction),
                f"{explorer.record.run}-{k}-{name.replace(' ', '')}.gif",
                "image/gif",
                icon=":material/gif_box:",
                key=f"gif_{name}",
                on_click="ignore",
            )
        pair = tuple(directions.values())
        st.download_button(
            "Grid as PNG",
            lambda: grid(explorer, str(explorer.folder), explorer.token, k, (pair[0], pair[-1])),
            f"{explorer.record.run}-{k}-plane.png",
            "image/png",
            icon=":material/download:",
            key="plane_png",
            on_click="ignore",
        )


def _animated(explorer: Explorer, k: int, direction: Direction) -> bytes:
    import torch

    z = [explorer.moved(explorer.latents[k], {direction.k: float(steps)}, direction.kind) for steps in FRAMES]
    return gif(channels_last(explorer.draw(torch.stack(z))))
