"""The tables of the store, and what their rows look like in Python."""

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
    """A race as the store knows it. Times are seconds since 1970, ``seconds`` is training time, ``config`` is JSON."""

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
    """One member. ``status`` is None as long as it shares its race's."""

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
    """Something worth a mark on a chart or a line in a list: ``kind`` is start, resume, pause, stop, change, refused,
    measure, evaluator, failed, finish or interrupted; a change's ``data`` is ``{member, name, old, new}``."""

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
    """What a page or shell asks of a worker: ``kind`` is pause, resume, stop or change."""

    id: int
    kind: str
    data: dict[str, Any]


def level(step: int, first: bool) -> int:
    """How coarse a view of the curve still shows this step: the power of two in it; the first is in every view."""
    if first or step <= 0:
        return TOP_LEVEL
    return min(TOP_LEVEL, (step & -step).bit_length() - 1)


def row(kind: type[Row], values: Sequence, **read: Any) -> Row:
    """``values`` as selected with ``*``, in the order of ``kind``'s fields; ``read``: what columns of JSON hold."""
    return kind(**(dict(zip((item.name for item in fields(kind)), values, strict=True)) | read))


def run_row(values: tuple) -> RunRow:
    """A row of ``runs`` as selected with ``*``."""
    return row(RunRow, values, scores=json.loads(values[8] or "{}"))
