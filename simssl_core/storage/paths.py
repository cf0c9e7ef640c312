"""Where everything under a root of runs lies, and how a file is written whole or not at all."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from simssl_core.config import check_name
from simssl_core.errors import RunError
from simssl_core.runtime.processes import PROJECT


def root(value: str | os.PathLike | None = None) -> Path:
    """The folder that holds the runs: ``value``, else ``SIMSSL_RUNS``, else the project's ``checkpoints``."""
    return _resolved(str(value or os.environ.get("SIMSSL_RUNS") or PROJECT / "checkpoints"), os.getcwd())


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
