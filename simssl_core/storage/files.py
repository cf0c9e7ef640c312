"""Files that are written whole or not at all, and checks of JSON and safetensors files. Does not import torch."""

from __future__ import annotations

import json
import math
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simssl_core.errors import CheckpointError, RunError

BYTES = {  # of one element, by the type's name in a safetensors table
    "F64": 8,
    "I64": 8,
    "U64": 8,
    "F32": 4,
    "I32": 4,
    "U32": 4,
    "F16": 2,
    "BF16": 2,
    "I16": 2,
    "U8": 1,
    "I8": 1,
    "BOOL": 1,
}
MAX_JSON = 8_000_000  # bytes
MAX_TABLE = 8 << 20  # bytes
STALE_SECONDS = 60.0  # a temporary file older than this belongs to a process that died
Table = dict[str, tuple[str, tuple[int, ...]]]


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, flush it to the disk, then rename it to ``path``.

    If the process or the machine dies at any moment, ``path`` is the old file or the new one, never a part of it.
    Temporary files left by processes that died are deleted first.
    """
    sweep(path.parent)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        _flush(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path``, whole or not at all.

    Raises:
        RunError: the disk is full or the folder cannot be written; the old file stays as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, lambda temporary: temporary.write_bytes(data))
    except OSError as error:
        raise RunError(
            f"Cannot write {path}: {error.strerror or error}. Free some space or choose another folder."
        ) from error


def sweep(folder: Path) -> None:
    """Delete the temporary files of processes that died. (A file that is being written was modified recently.)"""
    for path in folder.glob("*.tmp"):
        try:
            if time.time() - path.lstat().st_mtime > STALE_SECONDS:
                path.unlink()
        except FileNotFoundError:  # its writer has just renamed it
            continue


def _flush(path: Path) -> None:
    """Flush a file, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain_file(path: Path, limit: int | None = None) -> int:
    """The size of ``path`` in bytes, if it is a regular file of at most ``limit`` bytes.

    Raises:
        CheckpointError: it is missing, a link (which could point anywhere), a pipe or device, or too large.
    """
    try:
        status = path.lstat()
    except OSError as error:
        raise CheckpointError(f"{path} is missing or cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise CheckpointError(f"{path} is a link or not a regular file; copy the file itself into the run's folder")
    if limit is not None and status.st_size > limit:
        raise CheckpointError(f"{path} has {status.st_size:,} bytes, more than the {limit:,} such a file can need")
    return status.st_size


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``, of at most 8 MB.

    Raises:
        CheckpointError: it is missing, a link, too large, not JSON, or not an object.
    """
    plain_file(path, MAX_JSON)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({error}); it may be damaged or cut short") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} does not hold a JSON object")
    return value


def read_table(path: Path) -> Table:
    """The table of contents of a safetensors file, ``{name: (type, shape)}``, checked against the file's size.

    Only the header is read, so a file that claims to hold huge tensors costs no memory.

    Raises:
        CheckpointError: the file is missing, a link, cut short, or not safetensors.
    """
    size = plain_file(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, MAX_TABLE):
            raise CheckpointError(f"{path} is not a whole safetensors file; it may be cut short or of another kind")
        header = file.read(length)
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        table = {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in entries.items()}
        needed = sum(BYTES[kind] * math.prod(_checked_shape(shape)) for kind, shape in table.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path} has a damaged safetensors table ({error!r})") from error
    stored = size - 8 - length
    if needed != stored:
        raise CheckpointError(f"{path} should hold {needed:,} bytes of tensors but holds {stored:,}: was it cut short?")
    return table


def _checked_shape(shape: tuple) -> tuple[int, ...]:
    if not all(type(size) is int and size >= 0 for size in shape):  # isinstance would accept true and false
        raise ValueError(f"shape {shape}")
    return shape
