"""The shelf of runs: what lies in the root's folders, together with what is being trained right now. Torch-free.

A folder that cannot be read is listed as damaged, with the reason; nothing here raises for what lies on the disk except
when that very run is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from simssl_core.errors import LabError, RunError
from simssl_core.jobs import launcher
from simssl_core.jobs import status as statuses
from simssl_core.storage import paths
from simssl_core.storage.database import Curve, Store, has_store, open_store
from simssl_core.storage.history import read_history
from simssl_core.storage.run_record import RECORD, RunRecord, read_run
from simssl_core.storage.schema import RaceRow, RunRow

Root = str | os.PathLike | None


@dataclass(frozen=True)
class RunEntry:
    """One run for a list: ``scores`` by flat name, ``created`` in ISO format, ``config`` the race's RunConfig as JSON,
    ``shipped`` if it came with the project, ``reason`` why it failed or is damaged (status "damaged")."""

    run: str
    race: str
    label: str
    objective: str
    data: str
    status: str
    step: int
    steps: int
    seconds: float
    scores: dict[str, float]
    created: str
    folder: Path
    config: dict[str, Any] = field(default_factory=dict)
    shipped: bool = False
    reason: str | None = None

    @property
    def live(self) -> bool:
        """Whether a process trains it, or is about to."""
        return self.status in statuses.ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether its race can be resumed."""
        return self.status in statuses.RESUMABLE and not self.shipped

    @property
    def has_weights(self) -> bool:
        """Whether there is an encoder to look at."""
        return self.status != "damaged" and (self.folder / "weights.safetensors").is_file()


def runs(root: Root = None) -> list[RunEntry]:
    """Every run, newest first; those not yet on the disk (queued, starting) included."""
    where = paths.root(root)
    states = _States(where)
    entries = []
    if where.is_dir():
        with os.scandir(where) as found:
            names = [item.name for item in found if item.is_dir() and not item.name.startswith((".", "_"))]
        entries = [entry for name in names if (entry := _from_folder(where, name, states)) is not None]
    on_disk = {entry.run for entry in entries}
    entries += [
        _from_store(where, row, states) for run, row in states.runs.items() if run not in on_disk and states.live(row)
    ]
    return sorted(entries, key=lambda entry: (entry.created, entry.run), reverse=True)


def races(root: Root = None) -> list[RaceRow]:
    """Every race the store knows, newest first; none where nothing was ever trained."""
    where = paths.root(root)
    return open_store(where, readonly=True).races() if has_store(where) else []


def find(run: str, root: Root = None) -> RunEntry:
    """The run of this name.

    Raises:
        RunError: there is none.
    """
    where = paths.root(root)
    states = _States(where)
    entry = _from_folder(where, paths.checked(run), states)
    if entry is None and run in states.runs:
        entry = _from_store(where, states.runs[run], states)
    if entry is None:
        raise RunError(f"There is no run called '{run}' in {where}.")
    return entry


def history(
    run: str, names: Iterable[str] | None = None, root: Root = None, max_points: int = 600, axis: str = "step"
) -> dict[str, Curve]:
    """``{name: (steps, values)}`` of one run: from the store, or from its ``history.csv`` where that has none."""
    where = paths.root(root)
    folder = paths.run_folder(where, run)
    if has_store(where):
        curves = open_store(where, readonly=True).metrics(run, names, max_points, axis)
        if curves:
            return curves
    wanted = None if names is None else set(names)
    full: dict[str, Curve] = {}
    for step, seconds, name, value in sorted(read_history(folder / "history.csv")):
        if wanted is None or name in wanted:
            xs, ys = full.setdefault(name, ([], []))
            xs.append(step if axis == "step" else seconds)
            ys.append(value)
    return {name: _thin(curve, max_points) for name, curve in full.items()}


def latest(run: str, root: Root = None) -> dict[str, tuple[int, float]]:
    """``{name: (step, value)}``: the newest value of each metric."""
    where = paths.root(root)
    if has_store(where) and (found := open_store(where, readonly=True).latest(paths.checked(run))):
        return found
    return {name: (xs[-1], ys[-1]) for name, (xs, ys) in history(run, root=where, max_points=2).items()}


def sizes(root: Root = None) -> dict[str, int]:
    """Bytes on the disk, by run."""
    where = paths.root(root)
    names = [entry.run for entry in runs(where) if entry.folder.is_dir()]
    return {name: sum(f.stat().st_size for f in (where / name).rglob("*") if f.is_file()) for name in names}


class _States:
    """The store's side of a listing, read once."""

    def __init__(self, root: Path) -> None:
        self.races: dict[str, RaceRow] = {}
        self.runs: dict[str, RunRow] = {}
        self._status: dict[str, str] = {}
        self.store: Store | None = None
        launcher.reap()
        try:
            if has_store(root):
                self.store = open_store(root, readonly=True)
                self.races = {row.race: row for row in self.store.races()}
                self.runs = {row.run: row for row in self.store.runs()}
        except RunError:
            self.races, self.runs = {}, {}  # the folders still tell the most

    def status(self, race_name: str) -> str:
        if race_name not in self._status:
            self._status[race_name] = statuses.row_status(self.store, self.races[race_name])
        return self._status[race_name]

    def live(self, row: RunRow) -> bool:
        return row.race in self.races and self.status(row.race) in (*statuses.ACTIVE, "failed", "interrupted")


def _from_folder(root: Path, name: str, states: _States) -> RunEntry | None:
    folder = root / name
    try:
        stat = (folder / RECORD).lstat()
    except OSError:
        return None
    try:
        paths.checked(name)
        record = _record(folder, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except LabError as error:
        unknown = {"race": "", "label": "", "objective": "", "data": "", "step": 0, "steps": 0, "seconds": 0.0}
        return RunEntry(name, **unknown, status="damaged", scores={}, created="", folder=folder, reason=str(error))
    entry = RunEntry(
        run=name,
        race=record.race,
        label=record.label,
        objective=record.objective,
        data=record.dataset.name,
        status="interrupted" if record.status in statuses.LIVE else record.status,
        step=record.step,
        steps=record.config.train.steps,
        seconds=record.seconds,
        scores=dict(record.scores),
        created=record.created,
        folder=folder,
        config=record.config.model_dump(mode="json"),
        shipped=name.startswith("demo-") and name not in states.runs,
        reason=record.reason,
    )
    return _with_live(entry, states)


@lru_cache(maxsize=2000)
def _record(folder: Path, modified: int, size: int, inode: int) -> RunRecord:
    """The checked record, remembered until its file changes (the last three arguments)."""
    return read_run(folder)


def _with_live(entry: RunEntry, states: _States) -> RunEntry:
    """What the store knows newer than the folder: a race under way, its step and latest scores."""
    row = states.runs.get(entry.run)
    race = states.races.get(row.race) if row else None
    if row is None or race is None:
        return entry
    newer = {
        "race": row.race,
        "status": row.status or states.status(row.race),
        "reason": row.reason or race.reason or entry.reason,
        "scores": row.scores or entry.scores,
        "steps": race.steps,
    }
    if race.step >= entry.step and row.status is None:
        newer |= {"step": race.step, "seconds": race.seconds}
    if newer["status"] not in ("failed", "damaged", "interrupted"):
        newer["reason"] = None
    return RunEntry(**(entry.__dict__ | newer))


def _from_store(root: Path, row: RunRow, states: _States) -> RunEntry:
    race = states.races[row.race]
    return RunEntry(
        run=row.run,
        race=row.race,
        label=row.label,
        objective=row.objective,
        data=row.data,
        status=row.status or states.status(row.race),
        step=race.step,
        steps=race.steps,
        seconds=race.seconds,
        scores=row.scores,
        created=datetime.fromtimestamp(race.created, UTC).isoformat(timespec="seconds"),
        folder=root / row.run,
        config=json.loads(race.config or "{}"),
        reason=row.reason or race.reason,
    )


def _thin(curve: Curve, max_points: int) -> Curve:
    stride = max(1, -(-len(curve[0]) // max(1, max_points)))
    if stride == 1:
        return curve
    steps, values = curve
    keep = sorted({*range(0, len(steps), stride), len(steps) - 1})
    return [steps[i] for i in keep], [values[i] for i in keep]
