"""The panels below the sliders: between two images, new views of one, from the prior, nearest images and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared.layout import caption
from pages.traverse_parts.captions import from_caption
from pages.traverse_parts.plane import plane
from pages.traverse_parts.show import redraw_button, show
from pages.traverse_parts.source import pick_image
from simssl_core.analysis.prompts import vocabulary

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

STEPS = 11  # pictures on the line between two images
MANY = 24  # pictures drawn or compared at a time
ROWS, COLUMNS = 5, 8  # of the table that mixes content and style


def panels(explorer: Explorer) -> dict[str, Callable[[Explorer, int], None]]:
    """The panels that this run can fill, by title."""
    available: dict[str, Callable[[Explorer, int], None]] = {"Nearest images": nearest, "Between two images": between}
    if explorer.has_decoder:
        available = {
            "Between two images": between,
            "Two directions": plane,
            "New views of it": new_views,
            "Mix content and style": mixed,
            "Out of nothing": from_prior,
            "Nearest images": nearest,
        }
    if explorer.by_memory:  # there is no distribution around an image to draw new views from
        del available["New views of it"]
    if vocabulary(explorer):
        available["From a caption"] = from_caption
    return available


def between(explorer: Explorer, k: int) -> None:
    """The straight line in the representation from image k to another one."""
    last = st.session_state.get("strip_to_seen")
    count = len(explorer.gallery)
    start = int(last) if last is not None and last < count else (k + 1) % count
    other = pick_image("to", "The image to go to", start, explorer)
    pictures = explorer.between(k, other, STEPS)
    ends = explorer.gallery.images[[k, other]]
    row = np.concatenate([ends[:1], pictures, ends[1:]])
    show(row, len(row), f"{explorer.record.run}-{k}-to-{other}", explorer.has_decoder and pictures)
    if explorer.by_memory:
        caption(
            "Choose the other image above. At both ends: the real images. Between them: what the memory decoder can "
            "still draw from points on the straight line between their representations."
        )
    elif explorer.has_decoder:
        caption(
            "Choose the other image above. At both ends: the real images. Between them: what the decoder draws on the "
            "straight line between their representations. Plausible images all along: the space has no holes there."
        )
    else:
        caption(
            "Choose the other image above. At both ends: the images themselves. Between them: the real image nearest "
            "to each point of the straight line between their representations."
        )


def new_views(explorer: Explorer, k: int) -> None:
    """Draws around one image: samples of p(z|y)."""
    pictures, distribution = explorer.new_views(k, MANY, redraw_button("views"))
    show(pictures, 12, f"{explorer.record.run}-{k}-views")
    caption(f"Drawn from {distribution}. What stays the same is content for the model; what changes is style.")


def mixed(explorer: Explorer, k: int) -> None:
    """A table: each row keeps one image's content, each column one image's style."""
    order = np.random.default_rng(redraw_button("mix")).permutation(explorer.held_out)
    contents = [k, *_of_other_classes(explorer, k, order)[: ROWS - 1]]
    styles = [int(place) for place in order if place not in contents][:COLUMNS]
    table = explorer.mixed(contents, styles)
    images = explorer.gallery.images
    corner = np.full_like(table[:1, 0], 128)
    rows = [np.concatenate([corner, images[styles]])]
    rows += [np.concatenate([images[[content]], row]) for content, row in zip(contents, table, strict=True)]
    left, _ = st.columns([3, 1])
    with left:
        show(np.concatenate(rows), COLUMNS + 1, f"{explorer.record.run}-{k}-mixed")
    caption(
        "Left: images that give the content. Top: images that give the style. Inside: each content in each style. In a "
        "clean table every row shows one thing, and every column one position and colour."
    )


def _of_other_classes(explorer: Explorer, k: int, order: np.ndarray) -> list[int]:
    """The first image in ``order`` of each class other than image ``k``'s, and every image without a class."""
    seen, places = {int(explorer.gallery.labels[k])}, []
    for place in order.tolist():
        label = int(explorer.gallery.labels[place])
        if label not in seen or label < 0:
            seen.add(label)
            places.append(place)
    return places


def from_prior(explorer: Explorer, k: int) -> None:
    """Images drawn from the prior."""
    pictures, distribution = explorer.from_prior(MANY, redraw_button("prior"))
    show(pictures, 12, f"{explorer.record.run}-prior")
    caption(f"Images made up by the model alone: representations drawn from {distribution}, then decoded.")


def nearest(explorer: Explorer, k: int) -> None:
    """The held-out images whose representations lie nearest to image ``k``'s."""
    near = explorer.nearest(explorer.latents[k : k + 1], MANY + 1)[0]
    near = near[near != k][:MANY]
    show(explorer.gallery.images[near], 12, f"{explorer.record.run}-{k}-nearest")
    name = explorer.gallery.name(k)
    same = float(np.mean(explorer.gallery.labels[near] == explorer.gallery.labels[k]))
    share = f" {same:.0%} of them have the same class, “{name}”." if name else ""
    caption(f"The held-out images that this encoder puts nearest to the chosen one, nearest first.{share}")
