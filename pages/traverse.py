"""Traverse: what the directions of the latent space mean, one image at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.sliders.sliders import slider_move, sliders
from pages.shared.explorers import open_explorer
from pages.shared.layout import caption, empty, guard, header
from pages.shared.navigation import restart_through_app
from pages.shared.run_picker import all_runs, pick_run
from pages.traverse_parts import own_image
from pages.traverse_parts.decoder_choice import choose_drawing
from pages.traverse_parts.source import OFFSETS, pick_image, strips
from simssl_core.figures.pictures import channels_last, png, tile

if TYPE_CHECKING:
    from torch import Tensor

    from simssl_core.analysis.explorer import Explorer

KEY = "traverse"
FIRST = 8  # sliders shown at first
MOST = 32  # sliders shown at most
NEAR = 10  # nearest images under the picture
HINTS = {
    "dimensions": "Each row: what one dimension does alone, three standard deviations (σ) either way from this image. "
    "Drag the slider under it; several add up. A row that does not change: a dimension the model does not use.",
    "style directions": "Style: the directions in which views of the same image differ most, each with its share. "
    "Moving along them should change position, colour or size, but not what the image shows.",
    "content directions": "Content: the directions in which different images differ after averaging over their views, "
    "each with its share. Moving along them should turn one thing into another.",
    "class directions": "From all other images towards the mean of one class, with the share of the variance between "
    "them. Does the image turn into that class, and what else changes on the way?",
    "factor directions": "The direction in which a known factor grows, with its share of the variance; an angle has "
    "two. If nothing else changes, the factor has its own direction; if nothing changes, it was thrown away.",
}


def main() -> None:
    """Draw the page from top to bottom."""
    header("Traverse", "What does a direction in the latent space mean?")
    with guard():
        entries = [entry for entry in all_runs() if entry.has_weights]
        if not entries:
            empty(
                "No run to look into yet",
                "Train an objective for a minute, then explore what it has learnt.",
                "pages/train.py",
                "Train",
                icon="play_circle",
            )
            return
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        with left:
            entry = pick_run(entries)
        explorer = open_explorer(entry)
        with right:
            k = _image_number(len(explorer.gallery) - 1)
        if not explorer.has_decoder:
            explorer = choose_drawing(explorer, entry)
        if not explorer.gallery.exact:
            st.caption("The images come from the run’s map, where they are slightly compressed.")
        own = own_image.current(explorer)
        clicked = pick_image("image", "Images to choose from", k if own is None else -1, explorer)
        if clicked >= 0 and (clicked != k or own is not None):
            own_image.leave()
            st.session_state["image_next"] = clicked
            st.rerun()
        own_image.widgets(explorer)
        if own is not None:
            explorer, k = explorer.with_image(own), len(explorer.gallery)
        st.fragment(_sliders, key="sliders")(explorer, entry.run, k)
        st.fragment(_below, key="below")(explorer, k)


def _image_number(last: int) -> int:
    """The number of the chosen image, 0 to ``last``, kept in the address bar."""
    if "image_next" in st.session_state:
        st.session_state["image"] = st.session_state.pop("image_next")
    if not 0 <= int(st.session_state.get("image") or 0) <= last:
        st.session_state["image"] = 0
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        k = st.number_input("Image", 0, last, key="image", bind="query-params")
        st.button("Random", icon=":material/shuffle:", on_click=_choose_at_random, args=(last,))
    return int(k)


def _choose_at_random(last: int) -> None:
    st.session_state["image"] = int(np.random.default_rng().integers(last + 1))


def _sliders(explorer: Explorer, run: str, k: int) -> None:
    """The sliders and the picture that they move; answers the newest move that the browser sent."""
    with guard():
        kind = _kind_of_direction(list(explorer.ways))
        directions = explorer.ways[kind]
        subject = f"{run}|{k}|{kind}{'|memory' if explorer.by_memory else ''}{explorer.own}"
        move, most = slider_move(KEY, subject), min(MOST, len(directions))
        count = most if move.show_all else min(FIRST, most)
        z = explorer.moved(explorer.latents[k], move.offsets, kind)
        fewer, others = f"Show only the first {FIRST}", f"Show {most - FIRST} more"
        sliders(
            key=KEY,
            subject=subject,
            seq=move.seq,
            dimensions=[{"k": d, "name": directions.names[d], "note": directions.notes[d]} for d in range(count)],
            offsets=OFFSETS.tolist(),
            strips=strips(explorer, k, kind, count),
            before=png(channels_last(explorer.gallery.images[k : k + 1])[0]),
            after=png(channels_last(explorer.draw(z[None]))[0]),
            near=None if explorer.has_decoder else _nearest_images(explorer, z),
            texts=_texts(explorer, k, kind, count),
            more="" if most <= FIRST else fewer if move.show_all else others,
            show_all=move.show_all,
        )
        caption(HINTS[kind])


def _nearest_images(explorer: Explorer, z: Tensor) -> bytes:
    """A PNG of the real images nearest to the representation ``z`` (D,), five in a row."""
    images = explorer.gallery.images[explorer.nearest(z[None], NEAR)[0]]
    return png(tile(channels_last(images), 5, gap=2, scale=max(1, round(40 / max(images.shape[2:])))))


def _kind_of_direction(kinds: list[str]) -> str:
    """The kind of direction that the sliders move along, kept in the address bar."""
    kind = st.segmented_control(
        "Sliders move along", kinds, default=kinds[0], key="ways", required=True, bind="query-params"
    )
    return kind if kind in kinds else kinds[0]


def _texts(explorer: Explorer, k: int, kind: str, count: int) -> dict[str, str]:
    """The captions of the two pictures and of the sliders."""
    name = explorer.gallery.name(k)
    how = "drawn by the memory decoder" if explorer.by_memory else "decoded"
    if explorer.has_decoder:
        still, moved = f"its representation, {how}", f"moved by the sliders, {how}"
    else:
        still, moved = "nearest real image: itself", "nearest real image, then the next ten"
    return {
        "image": f"the image{f' ({name})' if name else ''}",
        "still": still,
        "moved": moved,
        "scale": f"The {count} {kind} that vary most, of {len(explorer.ways[kind])}",
    }


def _below(explorer: Explorer, k: int) -> None:
    """The panel that the pills below the sliders select."""
    from pages.traverse_parts.panels import panels

    with guard():
        available = panels(explorer)
        first = next(iter(available))
        options = {"required": True, "bind": "query-params", "label_visibility": "collapsed"}
        title = st.pills("More to see", list(available), default=first, key="more", **options)  # may take two rows
        available.get(title, available[first])(explorer, k)


restart_through_app()
main()
