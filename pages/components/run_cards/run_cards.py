"""The gallery of runs: a card for each, with a small map and the headline scores of content and style."""

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
    """Draw a card for every run, as many side by side as fit; a click on a link opens that page."""
    prefix = (st.get_option("server.baseUrlPath") or "").strip("/")
    data = {"base": f"/{prefix}/" if prefix else "/", "cards": [_card(entry) for entry in ordered(entries)]}
    link = _CARDS(key=key, data=data, on_go_change=listen).go
    if link and link.get("page") in ("train", "latent_map", "traverse"):
        st.switch_page(f"pages/{link['page']}.py", query_params=link["query"])


def ordered(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Runs in training first, then the visitor's own races, newest first, then the runs that came with the project.

    The members of a race are always in the same order: generative, discriminative, references.
    """
    places = {name: place for place, name in enumerate(facts.names())}
    started: dict[str, str] = {}
    for entry in entries:
        started[entry.race] = max(entry.created, started.get(entry.race, ""))
    by_member = sorted(entries, key=lambda entry: (places.get(entry.objective, len(places)), entry.run))
    by_race = sorted(by_member, key=lambda entry: (started[entry.race], entry.race), reverse=True)
    return sorted(by_race, key=lambda entry: (not entry.live, entry.shipped))


def _card(entry: RunEntry) -> dict[str, Any]:
    note = f"{entry.status} · step {entry.step:,}" if entry.live else entry.run
    if entry.live:
        links = (("train", "Watch", {"race": entry.race}),)
    else:
        links = (("latent_map", "Map", {"runs": entry.run}), ("traverse", "Traverse", {"run": entry.run}))
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
        "links": [{"page": page, "label": label, "query": query} for page, label, query in links],
    }


def _picture(entry: RunEntry) -> str:
    """The address of a thumbnail of the run's newest map; empty where there is no map that can be read."""
    try:
        steps = map_files.frames(entry.run, entry.folder.parent)
        if not steps:
            return ""
        file = entry.folder / "map" / f"{steps[-1]:08d}.safetensors"
        return serve(_thumbnail(str(entry.folder), steps[-1], file.stat().st_mtime), "image/webp", f"card.{entry.run}")
    except (LabError, OSError):
        return ""  # a card without a picture still says what the run is


@st.cache_data(show_spinner=False, max_entries=400)
def _thumbnail(folder: str, step: int, modified: float) -> bytes:
    """The thumbnail of one frame (WebP), drawn once for each folder, step and time of change."""
    from simssl_core.figures.pictures import thumbnail

    run_folder = Path(folder)
    layouts = map_files.frame(run_folder.name, step, run_folder.parent)
    layout = layouts.get("umap", layouts.get("pca"))[:, :2]
    table = map_files.points(run_folder.name, run_folder.parent)
    images = (table["instance"] < 0).to_numpy()  # the instance clouds would draw a few data many times
    return thumbnail(layout[images], table["label"].to_numpy()[images])
