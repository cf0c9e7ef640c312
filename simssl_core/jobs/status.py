"""The present status of a race: the status in the store, checked against whether its process is alive."""

from __future__ import annotations

import os
import time
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.storage import paths
from simssl_core.storage.database import Store
from simssl_core.storage.locks import held
from simssl_core.storage.schema import RaceRow

LIVE = ("queued", "starting", "training", "paused")
ACTIVE = (*LIVE, "stalled")
RESUMABLE = ("stopped", "interrupted", "failed")
GRACE = 30.0  # seconds that a new process may take to acquire its lease
STALLED = 20.0  # seconds without a heartbeat; a race with long steps sets a larger ``patience`` in its row


def race_status(store: Store, race_name: str) -> str:
    """The status of a race.

    One of queued, starting, training, paused, finished, stopped, failed, interrupted (its process died) and stalled
    (its process is alive, but its heartbeat is overdue).

    Raises:
        RunError: there is no such race in the store.
    """
    row = store.race(paths.checked(race_name, "race"))
    if row is None:
        raise RunError(f"There is no race called '{race_name}' in {store.root}.")
    return row_status(store, row)


def row_status(store: Store, row: RaceRow) -> str:
    """The status of the race whose row was just read; see :func:`race_status`."""
    if row.status not in LIVE:
        return row.status
    if held(paths.lease_file(store.root, row.race)):
        late = time.time() - row.heartbeat > max(STALLED, row.patience)
        return "stalled" if late and row.status in ("training", "paused") else row.status
    row = store.race(row.race) or row  # it may have ended properly since the row was read
    if row.status not in LIVE:
        return row.status
    new = row.status in ("queued", "starting") and time.time() - row.heartbeat < GRACE
    return row.status if new and row.pid is not None and alive(row.pid) else "interrupted"


def alive(pid: int) -> bool:
    """Whether a process with this id is running; a zombie is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except (OSError, IndexError):  # someone else's process, or a system without /proc
        return True
