"""What is true of a race right now: what the store says, checked against whether its process lives."""

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
GRACE = 30.0  # seconds that a new process may take until it holds its lease
STALLED = 20.0  # seconds without a heartbeat; a race whose steps are long asks for more patience itself


def race_status(store: Store, race_name: str) -> str:
    """One of queued, starting, training, paused, finished, stopped, failed, interrupted, stalled.

    Raises:
        RunError: the store knows no such race.
    """
    row = store.race(paths.checked(race_name, "race"))
    if row is None:
        raise RunError(f"There is no race called '{race_name}' in {store.root}.")
    return row_status(store, row)


def row_status(store: Store, row: RaceRow) -> str:
    """The same, of a row just read."""
    if row.status not in LIVE:
        return row.status
    if held(paths.lease_file(store.root, row.race)):
        late = time.time() - row.heartbeat > max(STALLED, row.patience)
        return "stalled" if late and row.status in ("training", "paused") else row.status
    row = store.race(row.race) or row  # it may have ended properly between the two looks
    if row.status not in LIVE:
        return row.status
    young = row.status in ("queued", "starting") and time.time() - row.heartbeat < GRACE
    return row.status if young and row.pid is not None and alive(row.pid) else "interrupted"


def alive(pid: int) -> bool:
    """Whether a process of this number runs (a dead one that nobody has reaped does not)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except (OSError, IndexError):  # someone else's process, or a system without /proc
        return True
