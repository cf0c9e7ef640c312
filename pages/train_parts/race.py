"""A race as a page sees it: one reading of the store, and what follows from it in a sentence. Torch-free."""

from __future__ import annotations

import time
from dataclasses import dataclass

from simssl_core import library, metrics
from simssl_core.config import RunConfig, parse
from simssl_core.errors import RunError
from simssl_core.figures.theme import class_colours, objective_colour
from simssl_core.jobs import launcher, status
from simssl_core.storage.database import Store
from simssl_core.storage.schema import Event, RaceRow, RunRow


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


def live_race() -> str | None:
    """The newest race that is under way."""
    return next((row.race for row in library.races() if _status(row.race) in status.ACTIVE), None)


def training() -> list[str]:
    """The races that hold a place to train in (a paused one has left its own)."""
    return [row.race for row in library.races() if _status(row.race) in ("starting", "training", "stalled")]


def snapshot(race_name: str) -> Snapshot:
    """Read a race once.

    Raises:
        RunError: there is none of this name.
    """
    reader = store()
    row = reader.race(race_name)
    if row is None:
        raise RunError(f"There is no race called '{race_name}'. It may have been deleted.")
    members = tuple(reader.runs(race_name))
    return Snapshot(
        row=row,
        status=launcher.status(race_name),
        config=parse(RunConfig, row.config, "the race's configuration"),
        members=members,
        events=tuple(reader.events(race_name, kinds=("change", "refused"))),
        latest={member.run: reader.latest(member.run) for member in members},
    )


def seconds_left(now: Snapshot) -> float | None:
    """Training seconds that remain at the present speed; None before there is a speed."""
    if not now.row.step or not now.row.seconds:
        return None
    left = (now.row.steps - now.row.step) * now.row.seconds / now.row.step
    limit = now.config.train.seconds
    return max(0.0, left if limit is None else min(left, limit - now.row.seconds))


def collapse(now: Snapshot, member: RunRow) -> str:
    """Why this member's newest measurement counts as a collapse, in words; empty where it does not."""
    return " and ".join(metrics.signs_of_collapse({name: value for name, (_, value) in now.latest[member.run].items()}))


def marks(now: Snapshot) -> list[tuple[float, str]]:
    """What was turned while the race ran: (step, words); one mark where a knob was turned for several members."""
    found: dict[tuple, list[Event]] = {}
    for event in now.events:
        if event.kind == "change":
            data = event.data or {}
            found.setdefault((event.step or 0, data.get("name"), str(data.get("new"))), []).append(event)
    return [(step, _turned(events).replace("_", " ")) for (step, *_), events in found.items()]


def _turned(events: list[Event]) -> str:
    text = events[0].text
    return text if len(events) == 1 else f"all: {text.split(': ', 1)[-1]}"


def colour(member: RunRow, now: Snapshot) -> str:
    """The member's colour: its objective's, or, where several share one, a colour each."""
    alike = [m.label for m in now.members if m.objective == member.objective]
    if len(alike) == 1:
        return objective_colour(member.objective)
    return class_colours(10)[[m.label for m in now.members].index(member.label) % 10]


def _status(race_name: str) -> str:
    try:
        return launcher.status(race_name)
    except RunError:
        return "finished"
