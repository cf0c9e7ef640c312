"""The queue as one sees it from outside: who waits, in which order, and taking a race out again. Torch-free."""

from __future__ import annotations

import os
import time

from simssl_core.errors import RunError
from simssl_core.runs import folders, launcher, shelf
from simssl_core.runs import status as statuses
from simssl_core.runs.store import at, has_store

SECONDS = 6.0  # a waiting worker looks for commands twice a second; a new one first has to start

Root = str | os.PathLike | None


def waiting(root: Root = None) -> list[str]:
    """The races that wait for a place, the next one first (they go in the order in which they were made)."""
    where = folders.root(root)
    if not has_store(where):
        return []
    store = at(where)
    queued = [row for row in store.races() if row.status == "queued" and statuses.of_row(store, row) == "queued"]
    return [row.race for row in sorted(queued, key=lambda row: row.created)]


def withdraw(race: str, root: Root = None) -> None:
    """Take a waiting race out of the queue: its process ends and, as nothing was trained, its name is free again.

    Raises:
        RunError: it does not wait (any more), or its process does not answer.
    """
    where = folders.root(root)
    if launcher.status(race, where) != "queued":
        raise RunError(f"'{race}' does not wait any more: it is {launcher.status(race, where)}.")
    launcher.stop(race, where)
    end = time.monotonic() + SECONDS
    while launcher.status(race, where) in statuses.ACTIVE:
        if time.monotonic() > end:
            raise RunError(f"'{race}' was asked to leave the queue but has not answered yet; look again in a moment.")
        time.sleep(0.1)
    shelf.forget_unborn(race, where)
