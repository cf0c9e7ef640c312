"""The tables of the store, and the Python types of their rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Row = TypeVar("Row", "RunRow", "Event")

VERSION = 1

SQL = f"""
CREATE TABLE IF NOT EXISTS races(
    race TEXT PRIMARY KEY, status TEXT NOT NULL DEFAULT 'queued', reason TEXT, pid INTEGER, created REAL NOT NULL,
    heartbeat REAL NOT NULL DEFAULT 0, patience REAL NOT NULL DEFAULT 20, step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0, config TEXT NOT NULL DEFAULT '{{}}');
CREATE TABLE IF NOT EXISTS runs(
    run TEXT PRIMARY KEY, race TEXT NOT NULL, label TEXT NOT NULL, objective TEXT NOT NULL, data TEXT NOT NULL,
    status TEXT, reason TEXT, score_step INTEGER, scores TEXT NOT NULL DEFAULT '{{}}');
CREATE INDEX IF NOT EXISTS runs_by_race ON runs(race);
CREATE TABLE IF NOT EXISTS metrics(
    run TEXT, name TEXT, level INTEGER, step INTEGER, seconds REAL, value REAL,
    PRIMARY KEY(run, name, level, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latest(
    run TEXT, name TEXT, step INTEGER, seconds REAL, value REAL, PRIMARY KEY(run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
    id INTEGER PRIMARY KEY, race TEXT NOT NULL, run TEXT, time REAL, step INTEGER, kind TEXT, text TEXT, data TEXT);
CREATE INDEX IF NOT EXISTS events_by_race ON events(race, id);
CREATE TABLE IF NOT EXISTS commands(
    id INTEGER PRIMARY KEY, race TEXT NOT NULL, kind TEXT NOT NULL, data TEXT, time REAL, done REAL);
CREATE INDEX IF NOT EXISTS commands_by_race ON commands(race, done);
PRAGMA user_version = {VERSION};
"""

TOP_LEVEL = 20
RACE_FIELDS = ("status", "reason", "pid", "created", "heartbeat", "patience", "step", "steps", "seconds", "config")
RUN_FIELDS = ("status", "reason", "score_step", "scores")


@dataclass(frozen=True)
class RaceRow:
    """A row of ``races``. Times are seconds since 1970, ``seconds`` is training time, ``config`` is JSON."""

    race: str
    status: str
    reason: str | None
    pid: int | None
    created: float
    heartbeat: float
    patience: float
    step: int
    steps: int
    seconds: float
    config: str


@dataclass(frozen=True)
class RunRow:
    """A row of ``runs``: one member of a race. ``status`` is None as long as it is the same as the race's."""

    run: str
    race: str
    label: str
    objective: str
    data: str
    status: str | None
    reason: str | None
    score_step: int | None
    scores: dict[str, float]


@dataclass(frozen=True)
class Event:
    """Something that happened in a race and is shown on its charts or in its list of events.

    ``kind`` is start, resume, pause, stop, change, refused, measure, evaluator, failed, finish or interrupted; the
    ``data`` of a change is ``{member, name, old, new}``.
    """

    id: int
    race: str
    run: str | None
    time: float
    step: int | None
    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """What a page or a shell command tells a worker to do: ``kind`` is pause, resume, stop or change."""

    id: int
    kind: str
    data: dict[str, Any]


def level(step: int, first: bool) -> int:
    """The coarsest level of detail at which a curve still includes this step.

    It is the exponent of the largest power of two that divides the step, at most :data:`TOP_LEVEL`; the ``first`` step
    of a curve is included at every level.
    """
    if first or step <= 0:
        return TOP_LEVEL
    return min(TOP_LEVEL, (step & -step).bit_length() - 1)


def row(kind: type[Row], values: Sequence, **decoded: Any) -> Row:
    """Build a ``kind`` from ``values``, selected with ``*`` and so in the order of its fields.

    ``decoded`` holds the contents of columns that are stored as JSON and replaces their values.
    """
    names = (column.name for column in fields(kind))
    return kind(**(dict(zip(names, values, strict=True)) | decoded))


def run_row(values: tuple) -> RunRow:
    """Build a RunRow from a row of ``runs`` selected with ``*``."""
    return row(RunRow, values, scores=json.loads(values[8] or "{}"))
