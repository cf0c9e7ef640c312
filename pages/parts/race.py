"""What a running race looks like to a page: one reading of the store, made into charts and maps. Torch-free."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from pages.parts import live_chart
from simssl_core.config import RunConfig, parse
from simssl_core.data import catalog
from simssl_core.errors import LabError, RunError
from simssl_core.figures.theme import (
    CONTENT_COLOUR,
    ROLE_COLOURS,
    STYLE_COLOUR,
    class_colours,
    objective_colour,
    role_colour,
)
from simssl_core.runs import entries, launcher, library, maps, status
from simssl_core.runs.schema import Event, RaceRow, RunRow
from simssl_core.runs.store import Store

CURVES = (*ROLE_COLOURS, "linear", "style_r2", "effective_rank")
POINTS = 300  # of each curve: more than a chart has pixels for
COLLAPSED = 2.0  # an effective rank below this means that all images look alike to the encoder


@dataclass(frozen=True)
class Snapshot:
    """A race at one moment."""

    row: RaceRow
    status: str
    config: RunConfig
    members: tuple[RunRow, ...]
    events: tuple[Event, ...]
    latest: dict[str, dict[str, tuple[int, float]]]

    @property
    def stamp(self) -> tuple:
        """Changes when there is anything new to draw: at once after a measurement or a change, else every two seconds.

        So five tabs that watch one race read its curves once in two seconds and not five times a second.
        """
        age = int(time.time() // 2) if self.status == "training" else self.row.step
        return str(library.root()), self.row.race, age, tuple(m.score_step for m in self.members), len(self.events)

    def newest(self, name: str) -> list[float]:
        """The newest value of one metric, of every member that has it."""
        return [values[name][1] for values in self.latest.values() if name in values]


def store() -> Store:
    """A reader of the record of runs."""
    return Store(library.root(), readonly=True)


def races() -> list[RaceRow]:
    """Every race the store knows, newest first; none where nothing was ever trained."""
    return store().races() if entries.has_store(library.root()) else []


def live_race() -> str | None:
    """The newest race that is under way."""
    return next((row.race for row in races() if _status(row.race) in status.ACTIVE), None)


def snapshot(race: str) -> Snapshot:
    """Read a race once.

    Raises:
        RunError: there is none of this name.
    """
    reader = store()
    row = reader.race(race)
    if row is None:
        raise RunError(f"There is no race called '{race}'. It may have been deleted.")
    members = tuple(reader.runs(race))
    return Snapshot(
        row=row,
        status=launcher.status(race),
        config=parse(RunConfig, row.config, "the race's configuration"),
        members=members,
        events=tuple(reader.events(race, kinds=("change", "refused"))),
        latest={member.run: reader.latest(member.run) for member in members},
    )


def seconds_left(now: Snapshot) -> float | None:
    """Training seconds that remain at the present speed; None before there is a speed."""
    if not now.row.step or not now.row.seconds:
        return None
    left = (now.row.steps - now.row.step) * now.row.seconds / now.row.step
    limit = now.config.train.seconds
    return max(0.0, left if limit is None else min(left, limit - now.row.seconds))


def marks(now: Snapshot) -> list[tuple[float, str]]:
    """What was turned while the race ran: (step, words)."""
    return [(event.step or 0, event.text.replace("_", " ")) for event in now.events if event.kind == "change"]


@st.cache_resource(show_spinner=False, max_entries=16)
def charts(stamp: tuple, _now: Snapshot) -> tuple[list[dict], list[tuple[float, str]]]:
    """The charts and their marks, made once for each stamp and shared by all who watch."""
    return sections(_now), marks(_now)


def sections(now: Snapshot) -> list[dict]:
    """The charts: content and style coming apart in each member, all members side by side, every loss by role."""
    reader = store()
    curves = {member.run: reader.metrics(member.run, CURVES, POINTS) for member in now.members}
    apart = [_apart(member, curves[member.run], now) for member in now.members]
    losses = [_terms(member, curves[member.run]) for member in now.members]
    drawn = [
        live_chart.section(
            "Content and style coming apart",
            "Blue: how well a linear probe names the content (accuracy). Orange: how much of the style can be read "
            "back (mean R²). Where orange falls while blue rises, the objective forgets style.",
            apart,
        )
    ]
    if len(now.members) > 1:
        drawn.append(
            live_chart.section(
                "Side by side",
                "The same probes, one line per objective. An effective rank that falls towards 1 is a collapse.",
                _side_by_side(now, curves),
            )
        )
    drawn.append(
        live_chart.section(
            "What each loss is made of",
            "Nats per datum, piled up by role: pull draws views together, push keeps data apart, reconstruct makes z "
            "remember the image. Parts below zero hang from the axis. Drag to zoom, double-click to reset.",
            losses,
        )
    )
    return drawn


def _apart(member: RunRow, curves: dict, now: Snapshot) -> dict:
    pair = (("content", CONTENT_COLOUR, "linear"), ("style", STYLE_COLOUR, "style_r2"))
    lines = [live_chart.series(name, colour, *curves.get(metric, ((), ()))) for name, colour, metric in pair]
    return live_chart.panel(f"apart.{member.run}", member.label, lines, low=0, high=1, lines=_chance(now))


def _terms(member: RunRow, curves: dict) -> dict:
    parts = [live_chart.series(role, role_colour(role), *curves[role]) for role in ROLE_COLOURS if role in curves]
    shown = [
        part for part, role in zip(parts, (r for r in ROLE_COLOURS if r in curves), strict=True) if any(curves[role][1])
    ]
    return live_chart.panel(f"terms.{member.run}", member.label, shown or parts[:1], kind="stack")


def _side_by_side(now: Snapshot, curves: dict) -> list[dict]:
    def lines(metric: str) -> list[dict]:
        return [live_chart.series(m.label, colour(m, now), *curves[m.run].get(metric, ((), ()))) for m in now.members]

    return [
        live_chart.panel(
            "content", "Content: linear probe, accuracy", lines("linear"), low=0, high=1, lines=_chance(now)
        ),
        live_chart.panel("style", "Style: mean R²", lines("style_r2"), low=0, high=1),
        live_chart.panel("rank", "Effective rank", lines("effective_rank"), low=0),
    ]


def colour(member: RunRow, now: Snapshot) -> str:
    """The member's colour: its objective's, or, where several share one, a colour each."""
    alike = [m.label for m in now.members if m.objective == member.objective]
    if len(alike) == 1:
        return objective_colour(member.objective)
    return class_colours(10)[[m.label for m in now.members].index(member.label) % 10]


def _chance(now: Snapshot) -> list[tuple[float, str]]:
    classes = catalog.info(now.config.data.name).classes
    return [(1 / classes, "chance")] if classes > 1 else []


def small_maps(now: Snapshot) -> list[dict]:
    """The newest map of every member, or the promise of one."""
    return [_small_map(member, now) for member in now.members]


def _small_map(member: RunRow, now: Snapshot) -> dict:
    about = {"id": member.run, "title": member.label, "colour": colour(member, now)}
    try:
        steps = maps.frames(member.run, library.root())
        if steps:
            where = maps.folder(member.run, library.root())
            when = (where / f"{steps[-1]:08d}.safetensors").stat().st_mtime
            return live_chart.mini_map(**about, note=f"step {steps[-1]:,}") | _frame(str(where), steps[-1], when)
    except (LabError, OSError):
        pass  # the frame is being replaced this very moment; the next look finds it
    return live_chart.mini_map(**about, note="")


@lru_cache(maxsize=64)
def _frame(folder: str, step: int, when: float) -> dict[str, str]:
    """One frame as the component wants it, without the instance clouds; made once for all who watch."""
    run, root = Path(folder).parent.name, Path(folder).parents[1]
    found = maps.frame(run, step, root)
    table = maps.points(run, root)
    images = (table["instance"] < 0).to_numpy()
    points = found.get("umap", found.get("pca"))[images, :2]
    return live_chart.layout_of(points, table["label"].to_numpy()[images] % 10, f"{run}.{step}.{when}")


def _status(race: str) -> str:
    try:
        return launcher.status(race)
    except RunError:
        return "finished"
