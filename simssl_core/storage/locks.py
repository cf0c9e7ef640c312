"""File locks that show which processes are alive.

The operating system frees a lock however the process dies, so neither process ids nor clocks have to be trusted. The
process that holds ``<root>/.lab/<race>.lease`` trains that race. The files in ``<root>/.lab/slots/`` limit how many
races train at once; a worker without a slot waits.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def _lock(file: int, exclusive: bool) -> bool:
    """Try once to lock the open ``file``; False if another process holds the lock."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Lease:
    """A lock on one file, held until :meth:`release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def take(self, wait: float = 1.0) -> bool:
        """Take the lock and return whether that succeeded; try for ``wait`` seconds.

        (A call of :func:`held` by another process holds the lock for microseconds.)
        """
        if self._file is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + wait
        while not _lock(file, exclusive=True):
            if time.monotonic() >= deadline:
                os.close(file)
                return False
            time.sleep(0.02)
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock; does nothing if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def held(path: Path) -> bool:
    """Whether a living process holds the lock on ``path``."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(file, exclusive=False)
    finally:
        os.close(file)
