"""Copies the runs that ship with an installed lab to the user's folder of runs. Torch-free.

The files of the package are read-only, but a run can be measured again, renamed or deleted. Each shipped run is
therefore copied once; one that the user deletes is not copied again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.runtime.processes import INSTALLED
from simssl_core.storage import files, paths
from simssl_core.storage.locks import Lease
from simssl_core.storage.run_record import RECORD

WAIT = 60.0  # seconds to wait for another process that is copying


def bring(value: str | os.PathLike | None = None) -> None:
    """Copy the shipped runs to the default folder of runs, if this is an installed lab and that folder is used.

    A folder that the user named (``value`` or ``SIMSSL_RUNS``) is not changed. A checkout already has the runs.

    Raises:
        RunError: the folder cannot be written.
    """
    if INSTALLED and not value and not os.environ.get("SIMSSL_RUNS"):
        copy(paths.shipped_root(), paths.root())


def copy(source: Path, root: Path) -> list[str]:
    """Copy the runs of ``source`` that have never been copied to ``root`` and return their names.

    Raises:
        RunError: ``root`` cannot be written.
    """
    if not _missing(source, root):
        return []
    lease = Lease(paths.lab(root) / "shipped.lease")
    try:
        if not lease.take(WAIT):
            return []  # another process is still copying them
        missing = _missing(source, root)
        for name in missing:
            with tempfile.TemporaryDirectory(prefix="shipped-", dir=paths.lab(root)) as temporary:
                shutil.copytree(source / name, Path(temporary) / name, copy_function=shutil.copyfile)
                if not (root / name).exists():
                    os.rename(Path(temporary) / name, root / name)
        files.write_whole(_list_file(root), "\n".join(sorted({*_copied(root), *missing})) + "\n")
        return missing
    except OSError as error:
        raise RunError(
            f"The runs that come with the lab cannot be copied to {root}: {error.strerror or error}. "
            "Set SIMSSL_RUNS to a folder that can be written."
        ) from error
    finally:
        lease.release()


def _missing(source: Path, root: Path) -> list[str]:
    """The names of the runs in ``source`` that have never been copied to ``root``, sorted."""
    copied = _copied(root)
    return sorted(record.parent.name for record in source.glob(f"*/{RECORD}") if record.parent.name not in copied)


def _copied(root: Path) -> set[str]:
    """The names of all runs that were ever copied to ``root``."""
    try:
        return set(_list_file(root).read_text(encoding="utf-8").split())
    except OSError:
        return set()


def _list_file(root: Path) -> Path:
    return paths.lab(root) / "shipped.txt"
