"""The state of a race at one moment, as the Train page shows it. Torch-free."""

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
    """A race at one moment.

    ``latest`` holds, for each member's run and each metric, the step and the value of the newest measurement.
    """

    row: RaceRow
    status: str
    config: RunConfig
    members: tuple[RunRow, ...]
    events: tuple[Event, ...]
    latest: dict[str, dict[str, tuple[int, float]]]

    @property
    def stamp(self) -> tuple:
        """Changes when there is something new to draw: at once after a measurement or an event, else every two seconds.

        Five tabs that watch one race therefore read its curves once in two seconds instead of five times a second.
        """
        age = int(time.time() // 2) if self.status == "training" else self.row.step
        return str(library.root()), self.row.race, age, tuple(m.score_step for m in self.members), len(self.events)

    def newest(self, metric: str) -> list[float]:
        """The newest value of ``metric`` for every member that has one."""
        return [values[metric][1] for values in self.latest.values() if metric in values]


def store() -> Store:
    """Open the database of runs for reading only."""
    return Store(library.root(), readonly=True)


def live_race() -> str | None:
    """The name of the newest race that is under way."""
    return next((row.race for row in library.races() if _status(row.race) in status.ACTIVE), None)


def training_races() -> list[str]:
    """The names of the races that occupy a training slot (a paused race has given up its slot)."""
    return [row.race for row in library.races() if _status(row.race) in ("starting", "training", "stalled")]


def read(race_name: str) -> Snapshot:
    """Read the present state of a race.

    Raises:
        RunError: there is no race of this name.
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


def seconds_left(snapshot: Snapshot) -> float | None:
    """Estimated training seconds that remain at the present speed; None before the first step."""
    row = snapshot.row
    if not row.step or not row.seconds:
        return None
    left = (row.steps - row.step) * row.seconds / row.step
    limit = snapshot.config.train.seconds
    return max(0.0, left if limit is None else min(left, limit - row.seconds))


def collapse_reason(snapshot: Snapshot, member: RunRow) -> str:
    """Describe why the member's newest measurement counts as a collapse; empty if it does not."""
    newest = {metric: value for metric, (_, value) in snapshot.latest[member.run].items()}
    return " and ".join(metrics.signs_of_collapse(newest))


def knob_marks(snapshot: Snapshot) -> list[tuple[float, str]]:
    """(step, text) of every knob change during the race; one mark if a knob was changed for several members at once."""
    changes: dict[tuple, list[Event]] = {}
    for event in snapshot.events:
        if event.kind == "change":
            data = event.data or {}
            changes.setdefault((event.step or 0, data.get("name"), str(data.get("new"))), []).append(event)
    return [(step, _change_text(events).replace("_", " ")) for (step, *_), events in changes.items()]


def _change_text(events: list[Event]) -> str:
    text = events[0].text
    return text if len(events) == 1 else f"all: {text.split(': ', 1)[-1]}"


def member_colour(member: RunRow, snapshot: Snapshot) -> str:
    """The colour of the member's objective, or a colour of its own if several members share that objective."""
    same_objective = [other for other in snapshot.members if other.objective == member.objective]
    if len(same_objective) == 1:
        return objective_colour(member.objective)
    labels = [other.label for other in snapshot.members]
    return class_colours(10)[labels.index(member.label) % 10]


def _status(race_name: str) -> str:
    try:
        return launcher.status(race_name)
    except RunError:
        return "finished"
