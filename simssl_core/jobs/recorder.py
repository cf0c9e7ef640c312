"""Writes what a race produces while it trains: values and events to the store, checkpoints to the run folders."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simssl_core.errors import RunError
from simssl_core.storage import history, paths
from simssl_core.storage.database import Store
from simssl_core.storage.race_file import RaceFile

if TYPE_CHECKING:
    from simssl_core.storage.run_record import RunRecord
    from simssl_core.training.loop import Progress, Race

FLUSH_SECONDS = 0.5  # between two writes of buffered values to the store
BEAT_SECONDS = 1.0  # between two heartbeats
MOST_POINTS = 1_000  # a curve gets a point every 0.2 s at first, later whenever the training time has grown by 1/1000


class Recorder:
    """The only writer of a race's rows in the store and of its run folders.

    Values go to the store twice a second and to ``history.csv`` at each checkpoint, so that either is complete without
    the other.

    Attributes:
        scores, score_steps: each member's latest scores, and the step at which they were measured, by label.
        records: each member's latest run record, by label.
    """

    def __init__(self, root: Path, file: RaceFile) -> None:
        self.root, self.file, self.store = root, file, Store(root)
        self.scores: dict[str, dict[str, float]] = {label: {} for label in file.runs}
        self.score_steps: dict[str, int] = {}
        self.records: dict[str, RunRecord] = {}
        self._failed: set[str] = set()
        self._rows: list[tuple[str, int, float, str, float]] = []
        self._unsaved: dict[str, list[history.Row]] = {label: [] for label in file.runs}
        self._flushed, self._last_beat = 0.0, 0.0  # monotonic times
        self._last_point = -math.inf  # training time of the curves' last point

    def folder(self, label: str) -> Path:
        """The run folder of one member."""
        return paths.run_folder(self.root, self.file.runs[label])

    # -- store ----------------------------------------------------------------------------------------------------

    def progress(self, progress: Progress) -> None:
        """Record the terms of a step if the curves are due a new point."""
        if progress.terms is None:
            return
        if progress.seconds - self._last_point < progress.seconds / MOST_POINTS and progress.done < 1:
            return
        self._last_point = progress.seconds
        for label, terms in progress.terms.items():
            self.numbers(
                label, progress.step, progress.seconds, terms | {"views_per_second": progress.views_per_second}
            )

    def numbers(self, label: str, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """Record the finite ones of ``values`` for one member; ``seconds`` is training time."""
        rows = [(step, round(seconds, 4), name, float(value)) for name, value in values.items() if math.isfinite(value)]
        self._rows += [(self.file.runs[label], *row) for row in rows]
        self._unsaved[label] += rows

    def scored(self, label: str, step: int, seconds: float, scores: Mapping[str, float]) -> None:
        """Record the finite scores of a measurement as the member's latest."""
        finite = {name: float(value) for name, value in scores.items() if math.isfinite(value)}
        self.numbers(label, step, seconds, finite)
        self.scores[label] = finite
        self.score_steps[label] = step
        self.store.update_run(self.file.runs[label], scores=finite, score_step=step)

    def event(self, kind: str, text: str, label: str | None = None, step: int | None = None, **data: object) -> None:
        """Add an event of the race, or of the member ``label``, to the store."""
        run = self.file.runs[label] if label is not None else None
        self.store.add_event(self.file.race, kind, text, run=run, step=step, data=data)

    def flush(self, force: bool = False) -> None:
        """Write the buffered values to the store, at most twice a second unless ``force`` is set."""
        now = time.monotonic()
        if self._rows and (force or now - self._flushed >= FLUSH_SECONDS):
            self.store.add_metrics(self._rows)
            self._rows, self._flushed = [], now

    def beat(self, race: Race | None = None, force: bool = False, patience: float = 20.0, **fields: object) -> None:
        """Update the race's heartbeat, at most once a second unless ``force`` or ``fields`` are given.

        ``patience``: seconds that the next heartbeat may take before the race counts as stalled. ``fields`` are further
        columns of the race's row.
        """
        now = time.monotonic()
        if not (force or fields) and now - self._last_beat < BEAT_SECONDS:
            return
        self._last_beat = now
        progress = {"step": race.step, "seconds": round(race.elapsed, 3)} if race is not None else {}
        self.store.update_race(self.file.race, heartbeat=time.time(), patience=patience, **progress, **fields)

    # -- run folders ----------------------------------------------------------------------------------------------

    def save(self, race: Race, status: str = "training") -> None:
        """Write a checkpoint of every healthy member: state, weights, record and history.

        Members that are not healthy keep their last checkpoint.

        Raises:
            RunError: the disk is full or cannot be written.
        """
        from simssl_core.storage import checkpoints

        try:
            for label, member in race.healthy().items():
                self.records[label] = self._record(race, label, status)
                checkpoints.write_state(self.folder(label), race.step, race.state(label))
                checkpoints.write_run(self.folder(label), self.records[label], member.objective)
            self.mark(race, status)
            for label, rows in self._unsaved.items():
                if rows and self.folder(label).is_dir():
                    history.append(self.folder(label), rows)
                self._unsaved[label] = []
        except OSError as error:
            raise RunError(
                f"The checkpoint could not be written: {error.strerror or error}. "
                f"Free some space in {self.root}, then resume."
            ) from error

    def mark(self, race: Race, status: str) -> None:
        """Update the saved records (status, reason, scores) without writing weights."""
        from simssl_core.storage import checkpoints

        for label in race.live:
            if label in self.records:
                update = {"status": status, "scores": self.scores[label], "score_step": self.score_steps.get(label)}
                self.records[label] = self.records[label].model_copy(update=update)
                checkpoints.write_record(self.folder(label), self.records[label])
        for label, reason in race.failed.items():
            self._fail(label, reason, race.step)

    def fail_all(self, reason: str) -> None:
        """Write to the record of every member that has not failed before that the race failed, and why."""
        from simssl_core.storage import checkpoints

        for label, record in self.records.items():
            if label not in self._failed:
                checkpoints.write_record(
                    self.folder(label), record.model_copy(update={"status": "failed", "reason": reason})
                )

    def _fail(self, label: str, reason: str, step: int) -> None:
        """Record that one member has failed; its last checkpoint stays."""
        from simssl_core.storage import checkpoints

        if label in self._failed:
            return
        self._failed.add(label)
        self.store.update_run(self.file.runs[label], status="failed", reason=reason)
        self.event("failed", f"{label}: {reason}", label, step)
        if label in self.records:
            self.records[label] = self.records[label].model_copy(update={"status": "failed", "reason": reason})
            checkpoints.write_record(self.folder(label), self.records[label])

    def skip_failed(self, label: str) -> None:
        """Do not record this member's failure again: it failed before the race was resumed."""
        self._failed.add(label)

    def failures(self, race: Race) -> None:
        """Record the members that have failed since the last call."""
        for label, reason in race.failed.items():
            self._fail(label, reason, race.step)

    def _record(self, race: Race, label: str, status: str) -> RunRecord:
        before = self.records.get(label)
        record = race.record(label, status=status, scores=self.scores[label], score_step=self.score_steps.get(label))
        update = {"run": self.file.runs[label], "race": self.file.race}
        return record.model_copy(update=update | ({"created": before.created} if before else {}))
