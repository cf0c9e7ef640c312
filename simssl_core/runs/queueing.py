"""The queue: few races train at once; the one that was made first goes first."""

from __future__ import annotations

from pathlib import Path

from simssl_core.runs import folders
from simssl_core.runs.lease import Slots, held
from simssl_core.runs.races import RaceFile
from simssl_core.runs.store import Store


class Place:
    """One race's claim to one of the places for workers."""

    def __init__(self, root: Path, file: RaceFile, store: Store) -> None:
        self._root, self._file, self._store = root, file, store
        self._slots = Slots(folders.lab(root) / "slots")

    def take_any(self) -> bool:
        """Take a free place, if there is one, past whoever waits."""
        return self._slots.take()

    def take_in_turn(self) -> bool:
        """Take a free place unless an older race waits for it."""
        waiting = [row for row in self._store.races() if row.status == "queued" and row.created < self._file.created]
        if any(held(folders.lease_file(self._root, row.race)) for row in waiting):
            return False
        return self._slots.take()

    def release(self) -> None:
        """Leave the place to others."""
        self._slots.release()
