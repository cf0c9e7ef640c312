"""The gallery of runs: a card each, with a small map and the two numbers that matter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import component, listen, serve
from simssl_core import metrics
from simssl_core.errors import LabError
from simssl_core.figures.theme import CONTENT_COLOUR, STYLE_COLOUR, objective_colour
from simssl_core.library import RunEntry
from simssl_core.objectives import facts
from simssl_core.storage import map_files

_CARDS = component("run_cards", html='<div class="cards"></div>')


def run_cards(entries: Sequence[RunEntry], key: str) -> None:
    """Draw a card for every run, side by side as many as fit; a click on one goes to its page."""
    prefix = (st.get_option("server.baseUrlPath") or "").strip("/")
    data = {"base": f"/{prefix}/" if prefix else "/", "cards": [_card(entry) for entry in ordered(entries)]}
    clicked = _CARDS(key=key, data=data, on_go_change=listen).go
    if clicked and clicked.get("page") in ("train", "latent_map", "traverse"):
        st.switch_page(f"pages/{clicked['page']}.py", query_params=clicked["query"])


def ordered(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """What is under way first, then one's own races, the newest first, then what came with the project; the members of
    a race always in the same order: generative, discriminative, references."""
    places = {name: place for place, name in enumerate(facts.names())}
    begun: dict[str, str] = {}
    for entry in entries:
        begun[entry.race] = max(entry.created, begun.get(entry.race, ""))
    by_member = sorted(entries, key=lambda e: (places.get(e.objective, len(places)), e.run))
    by_race = sorted(by_member, key=lambda e: (begun[e.race], e.race), reverse=True)
    return sorted(by_race, key=lambda e: (not e.live, e.shipped))


def _card(entry: RunEntry) -> dict[str, Any]:
    note = f"{entry.status} · step {entry.step:,}" if entry.live else entry.run
    if entry.live:
        ways = (("train", "Watch", {"race": entry.race}),)
    else:
        ways = (("latent_map", "Map", {"runs": entry.run}), ("traverse", "Traverse", {"run": entry.run}))
    return {
        "run": entry.run,
        "title": entry.objective,
        "note": note,
        "live": entry.live,
        "colour": objective_colour(entry.objective),
        "picture": _picture(entry),
        "scores": [
            {"name": "content", "value": entry.scores.get(metrics.headline("content")), "colour": CONTENT_COLOUR},
            {"name": "style", "value": entry.scores.get(metrics.headline("style")), "colour": STYLE_COLOUR},
        ],
        "links": [{"page": page, "label": label, "query": query} for page, label, query in ways],
    }


def _picture(entry: RunEntry) -> str:
    """The address of the run's newest map as a thumbnail; empty where it has none that can be read."""
    try:
        steps = map_files.frames(entry.run, entry.folder.parent)
        if not steps:
            return ""
        file = entry.folder / "map" / f"{steps[-1]:08d}.safetensors"
        return serve(_drawn(str(entry.folder), steps[-1], file.stat().st_mtime), "image/webp", f"card.{entry.run}")
    except (LabError, OSError):
        return ""  # a card without a picture still says what the run is


@st.cache_data(show_spinner=False, max_entries=400)
def _drawn(folder: str, step: int, stamp: float) -> bytes:
    """The thumbnail of one frame, drawn once for each (folder, step, time of change)."""
    from simssl_core.figures.pictures import thumbnail

    place = Path(folder)
    found = map_files.frame(place.name, step, place.parent)
    flat = found.get("umap", found.get("pca"))[:, :2]
    table = map_files.points(place.name, place.parent)
    images = (table["instance"] < 0).to_numpy()  # the instance clouds would draw a few data many times
    return thumbnail(flat[images], table["label"].to_numpy()[images])
