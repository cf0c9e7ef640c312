"""The IDX format of MNIST and its relatives: plain or gzip-compressed, read into memory, nothing written."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from simssl_core.errors import DataError

LARGEST = 512 * 2**20  # bytes unpacked; MNIST has 47 MB


def read(path: Path) -> np.ndarray:
    """The unsigned bytes of an IDX file (``.gz`` or not) with the shape that its header states.

    Raises:
        DataError: not an IDX file of unsigned bytes, truncated, or larger than the limit.
    """
    mend = "Delete the file and fetch it again."
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            magic = file.read(4)
            if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 4:
                raise DataError(f"{path} is not an IDX file of unsigned bytes. {mend}")
            shape = struct.unpack(f">{magic[3]}I", file.read(4 * magic[3]))
            size = math.prod(shape)
            if size > LARGEST:
                raise DataError(f"{path} says it holds {size:,} bytes; at most {LARGEST:,} are read. {mend}")
            data = file.read(size + 1)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}). {mend}") from error
    if len(data) != size:
        raise DataError(f"{path} does not hold the {size:,} bytes that its header states: it is truncated. {mend}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def find(folder: Path, name: str) -> Path | None:
    """``name`` or ``name.gz`` in ``folder``, whichever is there."""
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None
