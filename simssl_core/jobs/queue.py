"""The queue: a limited number of races train at once, in the order in which they were created. Torch-free.

A worker takes a slot through :class:`Place`; pages and shell list the waiting races and can withdraw one.
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

WITHDRAW_SECONDS = 6.0  # a waiting worker reads commands about twice a second, but a new one must start first

Root = str | os.PathLike | None


class Slots:
    """The slots in which races can train at once, a lease file each (``SIMSSL_WORKERS`` sets the number, default 1)."""

    def __init__(self, folder: Path, count: int | None = None) -> None:
        count = count or _slot_count()
        self._leases = [Lease(Path(folder) / f"{number}.lock") for number in range(count)]
        self._taken: Lease | None = None

    def take(self) -> bool:
        """Take a free slot; false if there is none. A second call keeps the first slot."""
        if self._taken is None:
            self._taken = next((lease for lease in self._leases if lease.take(wait=0.1)), None)
        return self._taken is not None

    def release(self) -> None:
        """Free the slot."""
        if self._taken is not None:
            self._taken.release()
            self._taken = None


def _slot_count() -> int:
    """The environment variable ``SIMSSL_WORKERS``, within 1 and 64; 1 if it is no number."""
    try:
        return min(64, max(1, int(os.environ.get("SIMSSL_WORKERS", "1"))))
    except ValueError:
        return 1


class Place:
    """One race's claim to a slot."""

    def __init__(self, root: Path, file: RaceFile, store: Store) -> None:
        self._root, self._file, self._store = root, file, store
        self._slots = Slots(paths.lab(root) / "slots")

    def take_any(self) -> bool:
        """Take a free slot even if other races wait; false if there is none."""
        return self._slots.take()

    def take_in_turn(self) -> bool:
        """Take a free slot unless an older race waits for it; false if none was taken."""
        older = [row for row in self._store.races() if row.status == "queued" and row.created < self._file.created]
        if any(held(paths.lease_file(self._root, row.race)) for row in older):
            return False
        return self._slots.take()

    def release(self) -> None:
        """Free the slot."""
        self._slots.release()


def waiting(root: Root = None) -> list[str]:
    """The names of the races that wait for a slot, oldest first: the order in which they will train."""
    root = paths.root(root)
    if not has_store(root):
        return []
    store = open_store(root)
    queued = [row for row in store.races() if row.status == "queued" and statuses.row_status(store, row) == "queued"]
    return [row.race for row in sorted(queued, key=lambda row: row.created)]


def withdraw(race_name: str, root: Root = None) -> None:
    """Remove a waiting race from the queue and end its process. Nothing was trained, so its name is free again.

    Raises:
        RunError: the race is not (or no longer) waiting, or its process does not end in time.
    """
    root = paths.root(root)
    if launcher.status(race_name, root) != "queued":
        raise RunError(f"'{race_name}' is no longer waiting: it is {launcher.status(race_name, root)}.")
    launcher.stop(race_name, root)
    deadline = time.monotonic() + WITHDRAW_SECONDS
    while launcher.status(race_name, root) in statuses.ACTIVE:
        if time.monotonic() > deadline:
            raise RunError(
                f"'{race_name}' was asked to leave the queue but has not responded yet; check again in a moment."
            )
        time.sleep(0.1)
    launcher.forget_unborn(race_name, root)
