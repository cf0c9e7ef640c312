"""Which weights does a file belong to? What is learnt or measured later is bound to them by a hash. Torch-free."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from simssl_core.training.files import plain_file
from simssl_core.training.records import WEIGHTS

LENGTH = 16


def weights_id(folder: Path | str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a run's weights; they change with every checkpoint.

    Raises:
        CheckpointError: the run has no weights (yet).
    """
    path = Path(folder) / WEIGHTS
    plain_file(path)
    found = path.stat()
    return _hashed(path, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=500)
def _hashed(path: Path, modified: int, size: int, inode: int) -> str:
    """Remembered until the file changes (the last three arguments)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:LENGTH]
