"""Opening the store's file, and rebuilding it after it was deleted or damaged."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from simssl_core.errors import CheckpointError, LabError, RunError
from simssl_core.storage import files, history, paths, schema
from simssl_core.storage.locks import Lease
from simssl_core.storage.run_record import RECORD


def connect(path: Path, readonly: bool = False) -> sqlite3.Connection:
    """Open a connection in autocommit mode, which waits up to 10 s for another writer.

    Transactions are begun explicitly.

    Raises:
        RunError: the file was written by a newer version of the lab.
    """
    mode = "ro" if readonly else "rw"
    db = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)
    if not readonly:
        db.execute("PRAGMA synchronous=NORMAL")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        db.close()
        raise RunError(f"{path} was written by a newer version of the lab (format {version}); update this one.")
    return db


def repair(root: Path) -> None:
    """Create the database if it is missing; if it is damaged, set it aside and write a new one from the folders.

    Raises:
        RunError: the folder cannot be written, or another process has been repairing the file for 30 s.
    """
    path = paths.store_file(root)
    lock = Lease(paths.lab(root) / "mend.lock")
    try:
        if not lock.take(wait=30):
            raise RunError(f"{path} is being repaired by another process; try again in a moment.")
        if path.exists() and _is_sound(path):
            return
        for suffix in ("", "-wal", "-shm"):
            damaged = path.with_name(path.name + suffix)
            if damaged.exists():
                damaged.rename(path.with_name(f"damaged-{int(time.time())}.sqlite{suffix}"))
        _create(root, path)
    except OSError as error:
        raise RunError(f"Cannot write the record of runs in {paths.lab(root)}: {error.strerror or error}.") from error
    finally:
        lock.release()


def _is_sound(path: Path) -> bool:
    """Whether SQLite finds no fault in the file and every table exists."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
            if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return False
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
            return {"races", "runs", "metrics", "latest", "events", "commands"} <= tables
    except sqlite3.DatabaseError:
        return False


def _create(root: Path, path: Path) -> None:
    """Build the new database under a temporary name, so that no other process sees an incomplete one."""
    building = path.with_name("store.building")
    building.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(building)) as db:
        db.executescript(schema.SQL)
        for race_path in sorted(paths.lab(root).glob("*.json")):
            with contextlib.suppress(LabError, KeyError, TypeError, AttributeError):
                _restore_race(db, root, race_path)
        db.commit()
        db.execute("PRAGMA journal_mode=WAL")
    building.rename(path)


def _restore_race(db: sqlite3.Connection, root: Path, race_path: Path) -> None:
    """Insert the race whose race file is ``race_path``, with its runs and their metrics, from the run folders."""
    race_values = files.read_json(race_path)
    race_name, config = race_path.stem, race_values["config"]
    status, step, seconds = "stopped", 0, 0.0
    for label, run in race_values["runs"].items():
        folder = paths.run_folder(root, run)
        try:
            record = files.read_json(folder / RECORD)
        except CheckpointError:
            continue
        status, step, seconds = record["status"], int(record["step"]), float(record["seconds"])
        identity = (run, race_name, label, record["objective"], config["data"]["name"])
        scores = (record.get("score_step"), json.dumps(record.get("scores", {})))
        db.execute(
            "INSERT OR REPLACE INTO runs(run, race, label, objective, data, score_step, scores) VALUES(?,?,?,?,?,?,?)",
            (*identity, *scores),
        )
        insert_metrics(db, ((run, *row) for row in history.read_history(folder / history.FILE)))
    db.execute(
        "INSERT OR REPLACE INTO races(race, status, created, step, steps, seconds, config) VALUES(?,?,?,?,?,?,?)",
        (race_name, status, race_values["created"], step, config["train"]["steps"], seconds, json.dumps(config)),
    )


def insert_metrics(db: sqlite3.Connection, rows: Iterable[tuple[str, int, float, str, float]]) -> None:
    """Insert rows (run, step, seconds, name, value), each at its :func:`schema.level`, and update ``latest``."""
    rows = list(rows)
    recorded = {}  # the names of each run's metrics that already have a point
    for run in {row[0] for row in rows}:
        recorded[run] = {name for (name,) in db.execute("SELECT name FROM latest WHERE run=?", (run,))}
    newest: dict[tuple[str, str], tuple] = {}
    with_levels = []
    for run, step, seconds, name, value in rows:
        with_levels.append((run, name, schema.level(step, name not in recorded[run]), step, seconds, value))
        recorded[run].add(name)
        newest_step = newest[run, name][2] if (run, name) in newest else -1
        if step >= newest_step:
            newest[run, name] = (run, name, step, seconds, value)
    db.executemany("INSERT OR REPLACE INTO metrics VALUES(?,?,?,?,?,?)", with_levels)
    db.executemany(
        "INSERT INTO latest VALUES(?,?,?,?,?) ON CONFLICT(run, name) DO UPDATE SET step=excluded.step, "
        "seconds=excluded.seconds, value=excluded.value WHERE excluded.step >= latest.step",
        newest.values(),
    )


def truncate(db: sqlite3.Connection, run: str, step: int) -> None:
    """Delete the run's metrics after ``step``."""
    db.execute("DELETE FROM metrics WHERE run=? AND step>?", (run, step))
    db.execute("DELETE FROM latest WHERE run=?", (run,))
    db.execute(
        "INSERT INTO latest SELECT run, name, MAX(step), seconds, value FROM metrics WHERE run=? GROUP BY name", (run,)
    )


def carry_over(old: sqlite3.Connection, path: Path) -> None:
    """Copy all rows but commands from ``old``, a connection to a deleted file, into the new file at ``path``."""
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(connect(path)) as new, new:
        new.execute("BEGIN IMMEDIATE")
        for table in ("races", "runs", "metrics", "latest", "events"):
            rows = old.execute(f"SELECT * FROM {table}").fetchall()
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                new.executemany(f"INSERT OR REPLACE INTO {table} VALUES({marks})", rows)
