"""The queue: few races train at once; the one that was made first goes first. Torch-free.

A worker takes a :class:`Place`; pages and shell ask which races wait and take one out again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.jobs import launcher
from simssl_core.jobs import status as statuses
from simssl_core.storage import paths
from simssl_core.storage.database import Store, has_store, open_store
from simssl_core.storage.locks import Lease, held
from simssl_core.storage.race_file import RaceFile

SECONDS = 6.0  # a waiting worker looks for commands twice a second; a new one first has to start

Root = str | os.PathLike | None


class Slots:
    """The few places in which races may train at once (environment ``SIMSSL_WORKERS``, default 1)."""

    def __init__(self, folder: Path, count: int | None = None) -> None:
        count = count or _workers()
        self._leases = [Lease(Path(folder) / f"{number}.lock") for number in range(count)]
        self._mine: Lease | None = None

    def take(self) -> bool:
        """Take a free place if there is one."""
        if self._mine is None:
            self._mine = next((lease for lease in self._leases if lease.take(wait=0.1)), None)
        return self._mine is not None

    def release(self) -> None:
        """Give the place to whoever waits."""
        if self._mine is not None:
            self._mine.release()
            self._mine = None


def _workers() -> int:
    try:
        return min(64, max(1, int(os.environ.get("SIMSSL_WORKERS", "1"))))
    except ValueError:
        return 1


class Place:
    """One race's claim to one of the places for workers."""

    def __init__(self, root: Path, file: RaceFile, store: Store) -> None:
        self._root, self._file, self._store = root, file, store
        self._slots = Slots(paths.lab(root) / "slots")

    def take_any(self) -> bool:
        """Take a free place, if there is one, past whoever waits."""
        return self._slots.take()

    def take_in_turn(self) -> bool:
        """Take a free place unless an older race waits for it."""
        waiting = [row for row in self._store.races() if row.status == "queued" and row.created < self._file.created]
        if any(held(paths.lease_file(self._root, row.race)) for row in waiting):
            return False
        return self._slots.take()

    def release(self) -> None:
        """Leave the place to others."""
        self._slots.release()


def waiting(root: Root = None) -> list[str]:
    """The races that wait for a place, the next one first (they go in the order in which they were made)."""
    where = paths.root(root)
    if not has_store(where):
        return []
    store = open_store(where)
    queued = [row for row in store.races() if row.status == "queued" and statuses.row_status(store, row) == "queued"]
    return [row.race for row in sorted(queued, key=lambda row: row.created)]


def withdraw(race_name: str, root: Root = None) -> None:
    """Take a waiting race out of the queue: its process ends and, as nothing was trained, its name is free again.

    Raises:
        RunError: it does not wait (any more), or its process does not answer.
    """
    where = paths.root(root)
    if launcher.status(race_name, where) != "queued":
        raise RunError(f"'{race_name}' does not wait any more: it is {launcher.status(race_name, where)}.")
    launcher.stop(race_name, where)
    end = time.monotonic() + SECONDS
    while launcher.status(race_name, where) in statuses.ACTIVE:
        if time.monotonic() > end:
            raise RunError(
                f"'{race_name}' was asked to leave the queue but has not answered yet; look again in a moment."
            )
        time.sleep(0.1)
    launcher.forget_unborn(race_name, where)
