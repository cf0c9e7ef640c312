"""The store: one SQLite file, ``<root>/.lab/store.sqlite``, through which training processes and pages communicate.

Workers write metrics and events, and pages and shell commands write commands for the workers. The database may be
deleted or damaged at any time: every connection notices this, and the database is rebuilt from open connections and
the run folders (see :mod:`.repair`). Importing this module does not import torch.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from simssl_core.errors import RunError
from simssl_core.storage import history, paths, repair, schema
from simssl_core.storage.schema import Command, Event, RaceRow, RunRow

Result = TypeVar("Result")
Curve = tuple[list[int], list[float]]
DAMAGE_CODES = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR", "SQLITE_CANTOPEN")


class Store:
    """A handle on the root's database, safe to share between threads: each thread gets its own connection."""

    def __init__(self, root: str | os.PathLike | None = None, readonly: bool = False) -> None:
        self.root = paths.root(root)
        self.readonly = readonly
        self._local = threading.local()

    # -- races and runs -------------------------------------------------------------------------------------------

    def add_race(
        self, race_name: str, config: str, steps: int, runs: Iterable[tuple[str, str, str, str]], **fields: Any
    ) -> None:
        """Register a race and its ``runs`` (run, label, objective, data set); replaces a race or run of that name."""
        fields = {"created": time.time(), "heartbeat": time.time(), **fields, "config": config, "steps": steps}
        runs = list(runs)

        def write(db: sqlite3.Connection) -> None:
            for table in ("runs", "events", "commands"):
                db.execute(f"DELETE FROM {table} WHERE race=?", (race_name,))
            db.execute("DELETE FROM races WHERE race=?", (race_name,))
            columns = ["race", *fields]
            marks = ", ".join("?" * len(columns))
            db.execute(f"INSERT INTO races({', '.join(columns)}) VALUES({marks})", (race_name, *fields.values()))
            for run, label, objective, data in runs:
                for table in ("metrics", "latest"):
                    db.execute(f"DELETE FROM {table} WHERE run=?", (run,))
                row = (run, race_name, label, objective, data)
                db.execute("INSERT OR REPLACE INTO runs(run, race, label, objective, data) VALUES(?,?,?,?,?)", row)

        self._write(write)

    def race(self, race_name: str) -> RaceRow | None:
        """The row of the race, or None if there is no such race."""
        rows = self._read("SELECT * FROM races WHERE race=?", (race_name,))
        return self._race_row(rows[0]) if rows else None

    def races(self) -> list[RaceRow]:
        """The rows of all races, newest first."""
        return [self._race_row(row) for row in self._read("SELECT * FROM races ORDER BY created DESC")]

    def update_race(self, race_name: str, **fields: Any) -> None:
        """Set fields of a race; their names must be among :data:`schema.RACE_FIELDS`."""
        self._update("races", "race", race_name, schema.RACE_FIELDS, fields)

    def runs(self, race_name: str | None = None) -> list[RunRow]:
        """The runs of one race, or of all races, in the order in which they were added."""
        if race_name is None:
            rows = self._read("SELECT * FROM runs ORDER BY rowid")
        else:
            rows = self._read("SELECT * FROM runs WHERE race=? ORDER BY rowid", (race_name,))
        return [schema.run_row(row) for row in rows]

    def update_run(self, run: str, **fields: Any) -> None:
        """Set fields of a run; their names must be among :data:`schema.RUN_FIELDS`. ``scores`` is a dictionary."""
        if "scores" in fields:
            fields["scores"] = json.dumps(fields["scores"])
        self._update("runs", "run", run, schema.RUN_FIELDS, fields)

    def rename(self, run: str, new: str) -> None:
        """Move everything recorded of ``run`` to the name ``new``, replacing what was recorded there."""

        def write(db: sqlite3.Connection) -> None:
            for table in ("metrics", "latest", "runs"):
                db.execute(f"DELETE FROM {table} WHERE run=?", (new,))
            for table in ("runs", "metrics", "latest", "events"):
                db.execute(f"UPDATE {table} SET run=? WHERE run=?", (new, run))

        self._write(write)

    def forget(self, run: str) -> None:
        """Delete the run's rows; its folder keeps its history."""

        def write(db: sqlite3.Connection) -> None:
            for table in ("runs", "metrics", "latest", "events"):
                db.execute(f"DELETE FROM {table} WHERE run=?", (run,))

        self._write(write)

    def forget_race(self, race_name: str) -> None:
        """Delete the rows of the race and its runs; metrics stay."""

        def write(db: sqlite3.Connection) -> None:
            for table in ("races", "runs", "events", "commands"):
                db.execute(f"DELETE FROM {table} WHERE race=?", (race_name,))

        self._write(write)

    # -- metrics --------------------------------------------------------------------------------------------------

    def add_metrics(self, rows: Iterable[tuple[str, int, float, str, float]]) -> None:
        """Insert rows (run, step, seconds, name, value) in one transaction, leaving out values that are None or NaN."""
        rows = [row for row in rows if row[4] is not None and not math.isnan(row[4])]
        if rows:
            self._write(lambda db: repair.insert_metrics(db, rows))

    def metrics(
        self, run: str, names: Iterable[str] | None = None, max_points: int = 600, axis: str = "step"
    ) -> dict[str, Curve]:
        """``{name: (steps, values)}``: at most about ``max_points`` of each curve, always with the first and the last.

        The stride between points is a power of two in the step, so a curve does not flicker while it grows.
        ``axis="seconds"`` gives training time in place of steps.
        """
        column = "step" if axis == "step" else "seconds"

        def read(db: sqlite3.Connection) -> dict[str, Curve]:
            recorded = [name for (name,) in db.execute("SELECT name FROM latest WHERE run=? ORDER BY name", (run,))]
            selected = recorded if names is None else [name for name in names if name in recorded]
            return {name: self._curve(db, run, name, max_points, column) for name in selected}

        return self._do(read)

    def latest(self, run: str) -> dict[str, tuple[int, float]]:
        """The newest value of each metric: ``{name: (step, value)}``."""
        rows = self._read("SELECT name, step, value FROM latest WHERE run=?", (run,))
        return {name: (step, value) for name, step, value in rows}

    def history(self, run: str) -> list[tuple[int, float, str, float]]:
        """Every recorded (step, seconds, name, value), in the order of steps."""
        return self._read("SELECT step, seconds, name, value FROM metrics WHERE run=? ORDER BY step, name", (run,))

    def truncate(self, run: str, step: int) -> None:
        """Delete the metrics recorded after ``step``, from which the run resumes."""
        self._write(lambda db: repair.truncate(db, run, step))

    # -- events and commands --------------------------------------------------------------------------------------

    def add_event(
        self,
        race_name: str,
        kind: str,
        text: str,
        *,
        run: str | None = None,
        step: int | None = None,
        data: dict | None = None,
    ) -> None:
        """Record an event; see :class:`schema.Event` for the kinds."""
        row = (race_name, run, time.time(), step, kind, text, json.dumps(data or {}))
        self._write(
            lambda db: db.execute("INSERT INTO events(race,run,time,step,kind,text,data) VALUES(?,?,?,?,?,?,?)", row)
        )

    def events(
        self, race_name: str, after: int = 0, kinds: Iterable[str] | None = None, limit: int = 500
    ) -> list[Event]:
        """The newest ``limit`` events of the race with an id above ``after``, oldest first."""
        kinds = tuple(kinds or ())
        kind_filter = f"AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
        query = f"SELECT * FROM events WHERE race=? AND id>? {kind_filter} ORDER BY id DESC LIMIT ?"
        rows = self._read(query, (race_name, after, *kinds, limit))
        return [schema.row(Event, row, data=json.loads(row[7] or "{}")) for row in reversed(rows)]

    def send(self, race_name: str, kind: str, **data: Any) -> None:
        """Store a command for the race's worker."""
        row = (race_name, kind, json.dumps(data), time.time())
        self._write(lambda db: db.execute("INSERT INTO commands(race, kind, data, time) VALUES(?,?,?,?)", row))

    def take_commands(self, race_name: str) -> list[Command]:
        """The commands not yet taken, oldest first; each is returned only once."""
        query = "SELECT id, kind, data FROM commands WHERE race=? AND done IS NULL ORDER BY id"
        rows = self._read(query, (race_name,))
        if rows:
            done = [(time.time(), row[0]) for row in rows]
            self._write(lambda db: db.executemany("UPDATE commands SET done=? WHERE id=?", done))
        return [Command(row[0], row[1], json.loads(row[2] or "{}")) for row in rows]

    # -- connections ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close this thread's connection."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            self._local.db = None

    @staticmethod
    def _race_row(row: tuple) -> RaceRow:
        return RaceRow(**dict(zip(("race", *schema.RACE_FIELDS), row, strict=True)))

    def _curve(self, db: sqlite3.Connection, run: str, name: str, max_points: int, axis: str) -> Curve:
        level, total = schema.TOP_LEVEL, 0
        while level >= 0:  # from the coarsest level to finer ones, as long as the points fit
            query = "SELECT COUNT(*) FROM metrics WHERE run=? AND name=? AND level=?"
            total += db.execute(query, (run, name, level)).fetchone()[0]
            if total > max_points:
                break
            level -= 1
        query = f"SELECT step, {axis}, value FROM metrics WHERE run=? AND name=? AND level>? ORDER BY step"
        rows = db.execute(query, (run, name, level)).fetchall()
        last = db.execute(f"SELECT step, {axis}, value FROM latest WHERE run=? AND name=?", (run, name)).fetchone()
        if last and (not rows or rows[-1][0] < last[0]):
            rows.append(last)
        return [row[1] for row in rows], [row[2] for row in rows]

    def _update(self, table: str, key: str, value: str, allowed: tuple[str, ...], fields: dict[str, Any]) -> None:
        unknown = set(fields) - set(allowed)
        if unknown:
            raise ValueError(f"{table} has no {sorted(unknown)}")
        sets = ", ".join(f"{name}=?" for name in fields)
        self._write(lambda db: db.execute(f"UPDATE {table} SET {sets} WHERE {key}=?", (*fields.values(), value)))

    def _read(self, query: str, values: tuple = ()) -> list[tuple]:
        return self._do(lambda db: db.execute(query, values).fetchall())

    def _write(self, change: Callable[[sqlite3.Connection], Any]) -> None:
        if self.readonly:
            raise RunError("This handle on the store only reads: open the store without readonly to change it.")

        def transaction(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                change(db)

        self._do(transaction)

    def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Call ``work`` with a connection; if the database is damaged, repair it and try again, three times at most."""
        for attempt in (1, 2, 3):
            try:
                return work(self._connection())
            except sqlite3.DatabaseError as error:
                name = getattr(error, "sqlite_errorname", "") or ""
                damaged = name.startswith(DAMAGE_CODES) or "no such table" in str(error)
                self.close()
                if attempt == 3 or not damaged:
                    raise RunError(
                        f"The record of runs ({paths.store_file(self.root)}) cannot be used: {error}. "
                        "Free some disk space, or check that its folder can be written."
                    ) from error
                repair.repair(self.root)
        raise AssertionError("unreachable")

    def _connection(self) -> sqlite3.Connection:
        path = paths.store_file(self.root)
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        inode = _inode(path)
        if db is not None and inode == self._local.inode:
            return db
        if inode is None:
            repair.repair(self.root)
        if db is not None:  # the file was deleted or replaced: copy what this connection can still read
            if not self.readonly:
                repair.carry_over(db, path)
            db.close()
        self._local.db = repair.connect(path, self.readonly)
        self._local.inode = _inode(path)
        return self._local.db


def has_store(root: Path) -> bool:
    """Whether anything was ever trained in ``root``. If not, callers do not open a store, which would write files."""
    return paths.store_file(root).exists() or any(paths.lab(root).glob("*.json"))


@lru_cache(maxsize=16)
def open_store(root: Path, readonly: bool = False) -> Store:
    """The handle on the store of ``root`` that all code in this process shares."""
    return Store(root, readonly)


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def complete_history(store: Store, run: str, folder: Path) -> None:
    """Add to ``history.csv`` the rows that only the store has, as after a crash."""
    stored = store.history(run)
    if stored:
        rows = {(row[0], row[2]): row for row in [*history.read(folder), *stored]}  # by step and name; the store's win
        history.rewrite(folder, (rows[key] for key in sorted(rows)))
