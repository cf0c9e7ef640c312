"""The charts and the small maps of a race, made from one reading of the store. Torch-free."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from pages.components.live_board import live_board
from pages.components.mini_maps import mini_maps
from pages.train_parts.race import Snapshot, colour, marks, store
from simssl_core import library, metrics
from simssl_core.data import catalog
from simssl_core.errors import LabError
from simssl_core.figures.theme import CONTENT_COLOUR, ROLE_COLOURS, STYLE_COLOUR, role_colour
from simssl_core.storage import map_files
from simssl_core.storage.schema import RunRow

POINTS = 300  # of each curve: more than a chart has pixels for


@st.cache_resource(show_spinner=False, max_entries=16)
def charts(stamp: tuple, _now: Snapshot) -> tuple[list[dict], list[tuple[float, str]]]:
    """The charts and their marks, made once for each stamp and shared by all who watch."""
    return sections(_now), marks(_now)


def sections(now: Snapshot) -> list[dict]:
    """The charts: content and style coming apart in each member, all members side by side, every loss by role."""
    reader = store()
    drawn_names = (*ROLE_COLOURS, *(row.name for row in metrics.in_table("train")))
    curves = {member.run: reader.metrics(member.run, drawn_names, POINTS) for member in now.members}
    apart = [_apart(member, curves[member.run], now) for member in now.members]
    losses = [_terms(member, curves[member.run]) for member in now.members]
    drawn = [
        live_board.section(
            "Content and style coming apart",
            "Blue: how well a linear probe names the content (accuracy). Orange: how much of the style can be read "
            "back (mean R²). Where orange falls while blue rises, the objective forgets style.",
            apart,
        )
    ]
    if len(now.members) > 1:
        drawn.append(
            live_board.section(
                "Side by side",
                "The same probes, one line per objective. An effective rank that falls towards 1 is a collapse.",
                _side_by_side(now, curves),
            )
        )
    drawn.append(
        live_board.section(
            "What each loss is made of",
            "Each loss in its own units (nats per datum for the generative ones), piled up by role: pull draws views "
            "together, push keeps data apart, reconstruct makes z remember the image. Parts below zero hang from the "
            "axis. Drag to zoom, double-click to reset.",
            losses,
        )
    )
    return drawn


def _apart(member: RunRow, curves: dict, now: Snapshot) -> dict:
    pair = (("content", CONTENT_COLOUR), ("style", STYLE_COLOUR))
    lines = [
        live_board.series(family, colour, *curves.get(metrics.headline(family), ((), ()))) for family, colour in pair
    ]
    chance = _chance(metrics.headline("content"), now)
    return live_board.panel(f"apart.{member.run}", member.label, lines, low=0, high=1, lines=chance)


def _terms(member: RunRow, curves: dict) -> dict:
    parts = [live_board.series(role, role_colour(role), *curves[role]) for role in ROLE_COLOURS if role in curves]
    shown = [
        part for part, role in zip(parts, (r for r in ROLE_COLOURS if r in curves), strict=True) if any(curves[role][1])
    ]
    return live_board.panel(f"terms.{member.run}", member.label, shown or parts[:1], kind="stack")


def _side_by_side(now: Snapshot, curves: dict) -> list[dict]:
    def lines(metric: str) -> list[dict]:
        return [live_board.series(m.label, colour(m, now), *curves[m.run].get(metric, ((), ()))) for m in now.members]

    return [
        live_board.panel(
            row.name,
            metrics.curve(row.name),
            lines(row.name),
            low=row.low,
            high=row.high,
            lines=_chance(row.name, now),
        )
        for row in metrics.in_table("train")
    ]


def _chance(name: str, now: Snapshot) -> list[tuple[float, str]]:
    """The level of guessing as a line; none at zero, where the axis is."""
    level = metrics.chance(name, catalog.info(now.config.data.name).classes)
    return [(level, "chance")] if level else []


def small_maps(now: Snapshot) -> list[dict]:
    """The newest map of every member, or the promise of one."""
    return [_small_map(member, now) for member in now.members]


def _small_map(member: RunRow, now: Snapshot) -> dict:
    about = {"id": member.run, "title": member.label, "colour": colour(member, now)}
    try:
        steps = map_files.frames(member.run, library.root())
        if steps:
            where = map_files.folder(member.run, library.root())
            when = (where / f"{steps[-1]:08d}.safetensors").stat().st_mtime
            return mini_maps.mini_map(**about, note=f"step {steps[-1]:,}") | _frame(str(where), steps[-1], when)
    except (LabError, OSError):
        pass  # the frame is being replaced this very moment; the next look finds it
    return mini_maps.mini_map(**about, note="")


@lru_cache(maxsize=64)
def _frame(folder: str, step: int, when: float) -> dict[str, str]:
    """One frame as the component wants it, without the instance clouds; made once for all who watch."""
    run, root = Path(folder).parent.name, Path(folder).parents[1]
    found = map_files.frame(run, step, root)
    table = map_files.points(run, root)
    images = (table["instance"] < 0).to_numpy()
    points = found.get("umap", found.get("pca"))[images, :2]
    return mini_maps.layout_of(points, table["label"].to_numpy()[images] % 10, f"{run}.{step}.{when}")
