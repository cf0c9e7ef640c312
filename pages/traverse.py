"""Traverse: what a direction in the latent space means, one image at a time."""

from __future__ import annotations

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

KEY, FEW, MOST = "traverse", 8, 32
SEE = {
    "dimensions": "Each row: what one dimension does alone, three standard deviations (σ) either way from this image. "
    "Drag the slider under it; several add up. A row that does not change: a dimension the model does not use.",
    "style directions": "Style: the ways in which views of one and the same image differ most, with their share. "
    "Moving along them should change position, colour or size, and leave the thing what it is.",
    "content directions": "Content: the ways in which different images differ after averaging over their views, with "
    "their share. Moving along them should turn one thing into another.",
    "class directions": "From all the rest towards the mean of one class, with the share of the variance between them. "
    "Does the thing turn into that class, and what else changes on the way?",
    "factor directions": "Where a known factor grows, with its share of the variance; an angle has two. If the picture "
    "changes in this alone, the factor has a direction of its own; if nothing changes, it was thrown away.",
}


def main() -> None:
    """The page from top to bottom."""
    header("Traverse", "What does a direction in the latent space mean?")
    with guard():
        entries = [entry for entry in all_runs() if entry.has_weights]
        if not entries:
            empty(
                "No run to look into yet",
                "Train an objective for a minute, then walk through what it has learnt.",
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
            k = _number(len(explorer.gallery) - 1)
        if not explorer.has_decoder:
            explorer = choose_drawing(explorer, entry)
        if not explorer.gallery.exact:
            st.caption("The images come from the run’s map, where they are slightly compressed.")
        own = own_image.chosen(explorer)
        clicked = pick_image("image", "Images to choose from", k if own is None else -1, explorer)
        if clicked >= 0 and (clicked != k or own is not None):
            own_image.leave()
            st.session_state["image_next"] = clicked
            st.rerun()
        own_image.ask(explorer)
        if own is not None:
            explorer, k = explorer.with_image(own), len(explorer.gallery)
        st.fragment(_sliders, key="sliders")(explorer, entry.run, k)
        st.fragment(_below, key="below")(explorer, k)


def _number(last: int) -> int:
    """The chosen image's number, kept in the address bar."""
    if "image_next" in st.session_state:
        st.session_state["image"] = st.session_state.pop("image_next")
    if not 0 <= int(st.session_state.get("image") or 0) <= last:
        st.session_state["image"] = 0
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        k = st.number_input("Image", 0, last, key="image", bind="query-params")
        st.button("Random", icon=":material/shuffle:", on_click=_random, args=(last,))
    return int(k)


def _random(last: int) -> None:
    st.session_state["image"] = int(np.random.default_rng().integers(last + 1))


def _sliders(explorer, run: str, k: int) -> None:
    with guard():
        kind = _kind(list(explorer.ways))
        ways, about = explorer.ways[kind], f"{run}|{k}|{kind}{'|memory' if explorer.by_memory else ''}{explorer.own}"
        wish, most = slider_move(KEY, about), min(MOST, len(ways))
        count = most if wish["all"] else min(FEW, most)
        z = explorer.moved(explorer.latents[k], wish["offsets"], kind)
        fewer, others = f"Show only the first {FEW}", f"Show {most - FEW} more"
        sliders(
            key=KEY,
            about=about,
            seq=wish["seq"],
            dimensions=[{"k": d, "name": ways.names[d], "note": ways.notes[d]} for d in range(count)],
            offsets=OFFSETS.tolist(),
            strips=strips(explorer, k, kind, count),
            before=png(channels_last(explorer.gallery.images[k : k + 1])[0]),
            after=png(channels_last(explorer.draw(z[None]))[0]),
            near=None if explorer.has_decoder else _near(explorer, z),
            words=_words(explorer, k, kind, count),
            more="" if most <= FEW else fewer if wish["all"] else others,
            everything=wish["all"],
        )
        caption(SEE[kind])


def _near(explorer, z: np.ndarray) -> bytes:
    images = explorer.gallery.images[explorer.nearest(z[None], 10)[0]]
    return png(tile(channels_last(images), 5, gap=2, scale=max(1, round(40 / max(images.shape[2:])))))


def _kind(kinds: list[str]) -> str:
    """What the sliders move along."""
    chosen = st.segmented_control(
        "Sliders move along", kinds, default=kinds[0], key="ways", required=True, bind="query-params"
    )
    return chosen if chosen in kinds else kinds[0]


def _words(explorer, k: int, kind: str, shown: int) -> dict[str, str]:
    name, drawn = explorer.gallery.name(k), explorer.has_decoder
    how = "drawn by the memory decoder" if explorer.by_memory else "decoded"
    return {
        "image": f"the image{f' ({name})' if name else ''}",
        "still": f"its representation, {how}" if drawn else "nearest real image: itself",
        "moved": f"moved by the sliders, {how}" if drawn else "nearest real image, then the next ten",
        "scale": f"The {shown} {kind} that vary most, of {len(explorer.ways[kind])}",
    }


def _below(explorer, k: int) -> None:
    from pages.traverse_parts.panels import panels

    with guard():
        known = panels(explorer)
        first = next(iter(known))
        rules = {"required": True, "bind": "query-params", "label_visibility": "collapsed"}
        title = st.pills("More to see", list(known), default=first, key="more", **rules)  # may take two rows
        known.get(title, known[first])(explorer, k)


restart_through_app()
main()
