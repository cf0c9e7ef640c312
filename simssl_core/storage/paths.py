"""Where everything under a root of runs lies, and how a file is written whole or not at all."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

from simssl_core.config import check_name
from simssl_core.errors import RunError
from simssl_core.runtime.processes import INSTALLED, LAB


def root(value: str | os.PathLike | None = None) -> Path:
    """The folder that holds the runs: ``value``, else ``SIMSSL_RUNS``, else :func:`default_root`."""
    return _resolved(str(value or os.environ.get("SIMSSL_RUNS") or default_root()), os.getcwd())


def default_root() -> Path:
    """A checkout's ``checkpoints``. An installed package cannot be written to: there it is one folder of the user
    (``~/.local/share/simssl/runs``, or where the system keeps such data), the same from whichever folder one works."""
    return user_root() if INSTALLED else shipped_root()


def shipped_root() -> Path:
    """The folder of the runs that come with the lab; in an installed package it is read-only."""
    return LAB / "checkpoints"


def user_root() -> Path:
    """``simssl/runs`` in the folder where this system keeps a user's data."""
    if sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "simssl" / "runs"


@lru_cache(maxsize=64)
def _resolved(path: str, _here: str) -> Path:
    return Path(path).expanduser().resolve()  # remembered: a page that watches asks for it many times a look


def checked(name: str, what: str = "run") -> str:
    """``name`` if it can be a folder's name inside the root (so no ``../``).

    Raises:
        RunError: it cannot.
    """
    try:
        return check_name(str(name), what)
    except ValueError as error:
        raise RunError(f"There is no such {what}: {error}.") from None


def lab(root: Path) -> Path:
    """The hidden folder of leases, logs, the store and the trash."""
    return Path(root) / ".lab"


def store_file(root: Path) -> Path:
    """The SQLite database."""
    return lab(root) / "store.sqlite"


def lease_file(root: Path, race_name: str) -> Path:
    """Locked by the process that trains ``race``, for as long as it lives."""
    return lab(root) / f"{checked(race_name, 'race')}.lease"


def race_file(root: Path, race_name: str) -> Path:
    """What a worker needs to know of ``race``: see :mod:`simssl_core.storage.race_file`."""
    return lab(root) / f"{checked(race_name, 'race')}.json"


def log_file(root: Path, race_name: str) -> Path:
    """What the worker of ``race`` printed; tracebacks stand here and nowhere else."""
    return lab(root) / f"{checked(race_name, 'race')}.log"


def run_folder(root: Path, run: str) -> Path:
    """The folder of one run."""
    return Path(root) / checked(run)
