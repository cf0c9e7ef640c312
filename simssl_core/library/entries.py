"""The list of runs: those in the root's folders, and those that are queued or in training. Torch-free.

A folder that cannot be read is listed as damaged, with the reason; listing does not raise an error for it.
"""

from __future__ import annotations

import json
import math
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
    """One run in the list.

    Attributes:
        race, label: the name of the run's race, and its label as a member of it.
        data: the name of the data set.
        status: the race's status (see :func:`simssl_core.jobs.status.race_status`), "failed" or "damaged".
        step, steps: steps trained so far, and steps planned.
        seconds: training time.
        scores: the latest scores by flat name.
        created: in ISO format.
        config: the race's RunConfig as JSON values.
        shipped: whether the run came with the project.
        reason: why the run failed or is damaged.
    """

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
        """Whether its race is under way: queued, starting, training, paused or stalled."""
        return self.status in statuses.ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether its race has ended early and can be resumed."""
        return self.status in statuses.RESUMABLE and not self.shipped

    @property
    def has_weights(self) -> bool:
        """Whether weights are saved, so that the encoder can be loaded."""
        return self.status != "damaged" and (self.folder / "weights.safetensors").is_file()


def runs(root: Root = None) -> list[RunEntry]:
    """All runs, newest first, including those of queued and starting races, which have no folder yet."""
    root = paths.root(root)
    snapshot = _StoreSnapshot(root)
    names = []
    if root.is_dir():
        with os.scandir(root) as items:
            names = [item.name for item in items if item.is_dir() and not item.name.startswith((".", "_"))]
    entries = [entry for entry in (_from_folder(root, name, snapshot) for name in names) if entry is not None]
    on_disk = {entry.run for entry in entries}
    for run, row in snapshot.runs.items():
        if run not in on_disk and snapshot.is_listed(row):
            entries.append(_from_store(root, row, snapshot))
    return sorted(entries, key=lambda entry: (entry.created, entry.run), reverse=True)


def races(root: Root = None) -> list[RaceRow]:
    """All races in the store, newest first; an empty list if there is no store."""
    root = paths.root(root)
    return open_store(root, readonly=True).races() if has_store(root) else []


def find(run: str, root: Root = None) -> RunEntry:
    """The entry of the run of this name.

    Raises:
        RunError: there is no such run.
    """
    root = paths.root(root)
    snapshot = _StoreSnapshot(root)
    entry = _from_folder(root, paths.checked(run), snapshot)
    if entry is None and run in snapshot.runs:
        entry = _from_store(root, snapshot.runs[run], snapshot)
    if entry is None:
        raise RunError(f"There is no run called '{run}' in {root}.")
    return entry


def history(
    run: str, names: Iterable[str] | None = None, root: Root = None, max_points: int = 600, axis: str = "step"
) -> dict[str, Curve]:
    """The curves ``{name: (steps, values)}`` of one run, from the store or, if it has none, from ``history.csv``.

    ``names`` None gives all metrics. Each curve has at most about ``max_points`` points. If ``axis`` is "seconds", the
    first list holds training times instead of steps.
    """
    root = paths.root(root)
    folder = paths.run_folder(root, run)
    if has_store(root):
        curves = open_store(root, readonly=True).metrics(run, names, max_points, axis)
        if curves:
            return curves
    wanted = None if names is None else set(names)
    curves = {}
    for step, seconds, name, value in sorted(read_history(folder / "history.csv")):
        if wanted is None or name in wanted:
            xs, ys = curves.setdefault(name, ([], []))
            xs.append(step if axis == "step" else seconds)
            ys.append(value)
    return {name: _thin(curve, max_points) for name, curve in curves.items()}


def latest(run: str, root: Root = None) -> dict[str, tuple[int, float]]:
    """The newest value of each metric, ``{name: (step, value)}``."""
    root = paths.root(root)
    if has_store(root):
        values = open_store(root, readonly=True).latest(paths.checked(run))
        if values:
            return values
    return {name: (xs[-1], ys[-1]) for name, (xs, ys) in history(run, root=root, max_points=2).items()}


def sizes(root: Root = None) -> dict[str, int]:
    """The size of each run on the disk in bytes, by run."""
    root = paths.root(root)
    names = [entry.run for entry in runs(root) if entry.folder.is_dir()]
    return {name: _folder_size(root / name) for name in names}


def _folder_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class _StoreSnapshot:
    """The races and runs in the store, read once for a list; empty if there is no store or it cannot be read."""

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
            self.races, self.runs = {}, {}  # the list then shows what the folders hold

    def status(self, race_name: str) -> str:
        """The race's present status, determined once."""
        if race_name not in self._status:
            self._status[race_name] = statuses.row_status(self.store, self.races[race_name])
        return self._status[race_name]

    def is_listed(self, row: RunRow) -> bool:
        """Whether the run is listed although it has no folder: its race is under way, has failed or was interrupted."""
        return row.race in self.races and self.status(row.race) in (*statuses.ACTIVE, "failed", "interrupted")


def _from_folder(root: Path, name: str, snapshot: _StoreSnapshot) -> RunEntry | None:
    """The entry of the run in this folder, with newer values from the store; None if the folder holds no run."""
    folder = root / name
    try:
        stat = (folder / RECORD).lstat()
    except OSError:
        return None
    try:
        paths.checked(name)
        record = _record(folder, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except LabError as error:
        empty = {"race": "", "label": "", "objective": "", "data": "", "step": 0, "steps": 0, "seconds": 0.0}
        return RunEntry(name, **empty, status="damaged", scores={}, created="", folder=folder, reason=str(error))
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
        shipped=name.startswith("demo-") and name not in snapshot.runs,
        reason=record.reason,
    )
    return _updated(entry, snapshot)


@lru_cache(maxsize=2000)
def _record(folder: Path, modified: int, size: int, inode: int) -> RunRecord:
    """The checked record, cached until its file changes, as the last three arguments show."""
    return read_run(folder)


def _updated(entry: RunEntry, snapshot: _StoreSnapshot) -> RunEntry:
    """The entry with what the store holds of the run: status, reason, latest scores, and the step if it is newer."""
    row = snapshot.runs.get(entry.run)
    race_row = snapshot.races.get(row.race) if row else None
    if row is None or race_row is None:
        return entry
    newer = {
        "race": row.race,
        "status": row.status or snapshot.status(row.race),
        "reason": row.reason or race_row.reason or entry.reason,
        "scores": row.scores or entry.scores,
        "steps": race_row.steps,
    }
    if race_row.step >= entry.step and row.status is None:
        newer |= {"step": race_row.step, "seconds": race_row.seconds}
    if newer["status"] not in ("failed", "damaged", "interrupted"):
        newer["reason"] = None
    return RunEntry(**(entry.__dict__ | newer))


def _from_store(root: Path, row: RunRow, snapshot: _StoreSnapshot) -> RunEntry:
    """The entry of a run that has no folder yet."""
    race_row = snapshot.races[row.race]
    return RunEntry(
        run=row.run,
        race=row.race,
        label=row.label,
        objective=row.objective,
        data=row.data,
        status=row.status or snapshot.status(row.race),
        step=race_row.step,
        steps=race_row.steps,
        seconds=race_row.seconds,
        scores=row.scores,
        created=datetime.fromtimestamp(race_row.created, UTC).isoformat(timespec="seconds"),
        folder=root / row.run,
        config=json.loads(race_row.config or "{}"),
        reason=row.reason or race_row.reason,
    )


def _thin(curve: Curve, max_points: int) -> Curve:
    """Every n-th point of the curve, with n chosen for ``max_points``, and always the last point."""
    steps, values = curve
    stride = max(1, math.ceil(len(steps) / max(1, max_points)))
    if stride == 1:
        return curve
    places = sorted({*range(0, len(steps), stride), len(steps) - 1})
    return [steps[i] for i in places], [values[i] for i in places]
