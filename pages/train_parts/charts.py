"""The charts and the small maps of a race, made from one snapshot. Torch-free."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from pages.components.live_board import live_board
from pages.components.mini_maps import mini_maps
from pages.train_parts.snapshots import Snapshot, knob_marks, member_colour, store
from simssl_core import library, metrics
from simssl_core.data import catalog
from simssl_core.errors import LabError
from simssl_core.figures.theme import CONTENT_COLOUR, ROLE_COLOURS, STYLE_COLOUR, role_colour
from simssl_core.storage import map_files
from simssl_core.storage.schema import RunRow

POINTS = 300  # of each curve; a chart has no pixels for more


@st.cache_resource(show_spinner=False, max_entries=16)
def charts(stamp: tuple, _snapshot: Snapshot) -> tuple[list[dict], list[tuple[float, str]]]:
    """The charts and their (step, text) marks, made once for each ``stamp`` and shared by all visitors."""
    return sections(_snapshot), knob_marks(_snapshot)


def sections(snapshot: Snapshot) -> list[dict]:
    """The charts: content and style of each member, all members side by side, and every loss by role."""
    reader = store()
    curve_names = (*ROLE_COLOURS, *(row.name for row in metrics.in_table("train")))
    curves = {member.run: reader.metrics(member.run, curve_names, POINTS) for member in snapshot.members}
    apart = [_content_and_style(member, curves[member.run], snapshot) for member in snapshot.members]
    losses = [_loss_terms(member, curves[member.run]) for member in snapshot.members]
    chart_sections = [
        live_board.section(
            "Content and style coming apart",
            "Blue: how well a linear probe names the content (accuracy). Orange: how much of the style can be read "
            "back (mean R²). Where orange falls while blue rises, the objective forgets style.",
            apart,
        )
    ]
    if len(snapshot.members) > 1:
        chart_sections.append(
            live_board.section(
                "Side by side",
                "The same probes, one line per objective. An effective rank that falls towards 1 is a collapse.",
                _side_by_side(snapshot, curves),
            )
        )
    chart_sections.append(
        live_board.section(
            "What each loss is made of",
            "Each loss in its own units (nats per datum for the generative ones), stacked by role: pull draws views "
            "together, push keeps data apart, reconstruct makes z remember the image. Negative parts hang below the "
            "axis. Drag to zoom, double-click to reset.",
            losses,
        )
    )
    return chart_sections


def _content_and_style(member: RunRow, curves: dict, snapshot: Snapshot) -> dict:
    colours = {"content": CONTENT_COLOUR, "style": STYLE_COLOUR}
    lines = [
        live_board.series(family, colour, *curves.get(metrics.headline(family), ((), ())))
        for family, colour in colours.items()
    ]
    chance = _chance(metrics.headline("content"), snapshot)
    return live_board.panel(f"apart.{member.run}", member.label, lines, low=0, high=1, lines=chance)


def _loss_terms(member: RunRow, curves: dict) -> dict:
    """The member's loss by role; roles that are zero throughout are left out."""
    roles = [role for role in ROLE_COLOURS if role in curves]
    nonzero = [role for role in roles if any(curves[role][1])]
    parts = [live_board.series(role, role_colour(role), *curves[role]) for role in nonzero or roles[:1]]
    return live_board.panel(f"terms.{member.run}", member.label, parts, kind="stack")


def _side_by_side(snapshot: Snapshot, curves: dict) -> list[dict]:
    def lines(metric: str) -> list[dict]:
        return [
            live_board.series(member.label, member_colour(member, snapshot), *curves[member.run].get(metric, ((), ())))
            for member in snapshot.members
        ]

    return [
        live_board.panel(
            row.name,
            metrics.curve(row.name),
            lines(row.name),
            low=row.low,
            high=row.high,
            lines=_chance(row.name, snapshot),
        )
        for row in metrics.in_table("train")
    ]


def _chance(name: str, snapshot: Snapshot) -> list[tuple[float, str]]:
    """The score of guessing as a reference line; none if it is zero, where the axis is."""
    level = metrics.chance(name, catalog.info(snapshot.config.data.name).classes)
    return [(level, "chance")] if level else []


def small_maps(snapshot: Snapshot) -> list[dict]:
    """The newest map of every member, or an empty one if there is none yet."""
    return [_small_map(member, snapshot) for member in snapshot.members]


def _small_map(member: RunRow, snapshot: Snapshot) -> dict:
    heading = {"id": member.run, "title": member.label, "colour": member_colour(member, snapshot)}
    try:
        steps = map_files.frames(member.run, library.root())
        if steps:
            folder = map_files.folder(member.run, library.root())
            modified = (folder / f"{steps[-1]:08d}.safetensors").stat().st_mtime
            return mini_maps.mini_map(**heading, note=f"step {steps[-1]:,}") | _frame(str(folder), steps[-1], modified)
    except (LabError, OSError):
        pass  # the frame is being replaced at this moment; the next redraw will read it
    return mini_maps.mini_map(**heading, note="")


@lru_cache(maxsize=64)
def _frame(folder: str, step: int, modified: float) -> dict[str, str]:
    """One map frame in the form the component takes, without the instance clouds; made once for all visitors."""
    run, root = Path(folder).parent.name, Path(folder).parents[1]
    layouts = map_files.frame(run, step, root)
    table = map_files.points(run, root)
    images = (table["instance"] < 0).to_numpy()
    points = layouts.get("umap", layouts.get("pca"))[images, :2]
    return mini_maps.layout_of(points, table["label"].to_numpy()[images] % 10, f"{run}.{step}.{modified}")
