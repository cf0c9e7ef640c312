"""Below the sliders: between two images, new views of one, from the prior, and nearest images."""

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

STEPS, MANY = 11, 24
ROWS, COLUMNS = 5, 8


def panels(explorer: Explorer) -> dict[str, Callable[[Explorer, int], None]]:
    """What this run can show of an image, by title."""
    known: dict[str, Callable[[Explorer, int], None]] = {"Nearest images": nearest, "Between two images": between}
    if explorer.has_decoder:
        known = {
            "Between two images": between,
            "Two directions": plane,
            "New views of it": new_views,
            "Mix content and style": mixed,
            "Out of nothing": from_prior,
            "Nearest images": nearest,
        }
    if explorer.by_memory:  # there is no distribution around an image to draw new views from
        del known["New views of it"]
    if vocabulary(explorer):
        known["From a caption"] = from_caption
    return known


def between(explorer: Explorer, k: int) -> None:
    """The straight line in the representation from image k to another one."""
    kept = st.session_state.get("strip_to_seen")
    kept = int(kept) if kept is not None and kept < len(explorer.gallery) else (k + 1) % len(explorer.gallery)
    other = pick_image("to", "The image to go to", kept, explorer)
    pictures = explorer.between(k, other, STEPS)
    ends = explorer.gallery.images[[k, other]]
    row = np.concatenate([ends[:1], pictures, ends[1:]])
    show(row, len(row), f"{explorer.record.run}-{k}-to-{other}", explorer.has_decoder and pictures)
    if explorer.by_memory:
        caption(
            "Choose above where to go. At both ends: the real images. Between them: what the memory decoder can still "
            "draw from points on the straight line between their representations."
        )
    elif explorer.has_decoder:
        caption(
            "Choose above where to go. At both ends: the real images. Between them: what the decoder draws on the "
            "straight line from one representation to the other. Believable images all the way: no holes on the way."
        )
    else:
        caption(
            "Choose above where to go. At both ends: the images themselves. Between them: the real image nearest to "
            "each point of the straight line."
        )


def new_views(explorer: Explorer, k: int) -> None:
    """Draws around one image: p(z|y) made visible."""
    pictures, words = explorer.new_views(k, MANY, redraw_button("views"))
    show(pictures, 12, f"{explorer.record.run}-{k}-views")
    caption(f"Drawn from {words}. What stays the same is what the model holds to be content; what changes is style.")


def mixed(explorer: Explorer, k: int) -> None:
    """A table: each row keeps one image's content, each column one image's style."""
    places = np.random.default_rng(redraw_button("mix")).permutation(explorer.held_out)
    contents = [k, *_of_other_classes(explorer, k, places)[: ROWS - 1]]
    styles = [int(p) for p in places if p not in contents][:COLUMNS]
    table = explorer.mixed(contents, styles)
    head = np.concatenate([np.full_like(table[:1, 0], 128), explorer.gallery.images[styles]])
    rows = [head, *(np.concatenate([explorer.gallery.images[[c]], table[i]]) for i, c in enumerate(contents))]
    left, _ = st.columns([3, 1])
    with left:
        show(np.concatenate(rows), COLUMNS + 1, f"{explorer.record.run}-{k}-mixed")
    caption(
        "Left: images that give the content. Top: images that give the style. Inside: each content in each style. In a "
        "clean table every row shows one thing, and every column one position and colour."
    )


def _of_other_classes(explorer: Explorer, k: int, places: np.ndarray) -> list[int]:
    """Places of images of classes that differ from k's and from each other, in the order of ``places``."""
    seen, found = {int(explorer.gallery.labels[k])}, []
    for place in places.tolist():
        label = int(explorer.gallery.labels[place])
        if label not in seen or label < 0:
            seen.add(label)
            found.append(place)
    return found


def from_prior(explorer: Explorer, k: int) -> None:
    """Images that the model makes up."""
    pictures, words = explorer.from_prior(MANY, redraw_button("prior"))
    show(pictures, 12, f"{explorer.record.run}-prior")
    caption(f"Images made up by the model alone: representations drawn from {words}, then decoded.")


def nearest(explorer: Explorer, k: int) -> None:
    """The real images that the encoder puts next to this one."""
    near = explorer.nearest(explorer.latents[k : k + 1], MANY + 1)[0]
    near = near[near != k][:MANY]
    show(explorer.gallery.images[near], 12, f"{explorer.record.run}-{k}-nearest")
    name = explorer.gallery.name(k)
    same = float(np.mean(explorer.gallery.labels[near] == explorer.gallery.labels[k]))
    told = f" {same:.0%} of them are of the same class, “{name}”." if name else ""
    caption(f"The held-out images that this encoder puts nearest to the chosen one, nearest first.{told}")
