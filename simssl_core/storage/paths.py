"""The paths of everything under a root, the folder that holds runs."""

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
    """The folder ``checkpoints`` of a checkout, or :func:`user_root` for an installed package.

    An installed package may be read-only. The user's folder is the same whatever the working folder is.
    """
    return user_root() if INSTALLED else shipped_root()


def shipped_root() -> Path:
    """The folder of the runs that come with the lab; in an installed package it may be read-only."""
    return LAB / "checkpoints"


def user_root() -> Path:
    """``simssl/runs`` in the folder where this system keeps a user's data (on Linux ``~/.local/share``)."""
    if sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "simssl" / "runs"


@lru_cache(maxsize=64)
def _resolved(path: str, _working_folder: str) -> Path:
    return Path(path).expanduser().resolve()  # cached, because a page calls it many times at each refresh


def checked(name: str, what: str = "run") -> str:
    """Return ``name`` if it can be the name of a folder inside the root (so no ``../``).

    Raises:
        RunError: it cannot; ``what`` says in the message what the name is of.
    """
    try:
        return check_name(str(name), what)
    except ValueError as error:
        raise RunError(f"There is no such {what}: {error}.") from None


def lab(root: Path) -> Path:
    """The hidden folder that holds leases, logs, the store and the trash."""
    return Path(root) / ".lab"


def store_file(root: Path) -> Path:
    """The SQLite database."""
    return lab(root) / "store.sqlite"


def lease_file(root: Path, race_name: str) -> Path:
    """The file that the process that trains the race keeps locked as long as it lives."""
    return lab(root) / f"{checked(race_name, 'race')}.lease"


def race_file(root: Path, race_name: str) -> Path:
    """The race's own file; see :mod:`simssl_core.storage.race_file`."""
    return lab(root) / f"{checked(race_name, 'race')}.json"


def log_file(root: Path, race_name: str) -> Path:
    """The output of the race's worker, and the only place where tracebacks are written."""
    return lab(root) / f"{checked(race_name, 'race')}.log"


def run_folder(root: Path, run: str) -> Path:
    """The folder of one run."""
    return Path(root) / checked(run)
