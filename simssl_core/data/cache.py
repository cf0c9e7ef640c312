"""Decoded pictures kept on disk, so that a data set is decoded once and then read in a fraction of a second.

The folder is SIMSSL_CACHE, else ``~/.cache/simssl/decoded``; where it cannot be written nothing is kept. Files are
safetensors (nothing is unpickled), written to a temporary name and renamed. Where the folder grows too large, the
oldest go.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

VERSION = 1  # raise it when decoding changes
MOST_BYTES = 4 * 2**30

Decoded = tuple[np.ndarray, np.ndarray]  # images uint8 (K, C, H, W), kept bool (N,)


def folder() -> Path:
    """Where decoded pictures are kept."""
    return Path(os.environ.get("SIMSSL_CACHE") or Path.home() / ".cache" / "simssl" / "decoded")


def key(files: Iterable[Path], rows: Iterable[np.ndarray]) -> str:
    """A name for the decoded ``rows`` of ``files``, which changes whenever a file's size or modification time does."""
    digest = hashlib.sha256(f"{VERSION}".encode())
    for path in files:
        state = path.stat()
        digest.update(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|".encode())
    for chosen in rows:
        digest.update(np.asarray(chosen, dtype=np.int64).tobytes() + b"|")
    return digest.hexdigest()[:32]


def cached(name: str, build: Callable[[], Decoded]) -> Decoded:
    """What is kept under ``name``, else what ``build`` returns, kept for the next time."""
    path = folder() / f"{name}.safetensors"
    found = _read(path)
    if found is None:
        found = build()
        _write(path, found)
    return found


def _read(path: Path) -> Decoded | None:
    try:
        held = load_file(path)
        images, kept = held["images"], held["kept"].astype(bool)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None  # not there, or damaged: decode again
    whole = images.dtype == np.uint8 and images.ndim == 4 and len(images) == kept.sum()
    return (images, kept) if whole else None


def _write(path: Path, found: Decoded) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        os.close(handle)
        save_file({"images": found[0], "kept": found[1].astype(np.uint8)}, temporary)
        os.replace(temporary, path)
        _prune(path.parent)
    except (OSError, SafetensorError):  # a full or read-only disk must not stop the loading
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _prune(place: Path) -> None:
    kept = sorted(((p.stat(), p) for p in place.glob("*.safetensors")), key=lambda pair: -pair[0].st_mtime)
    total = 0
    for state, path in kept:
        total += state.st_size
        if total > MOST_BYTES:
            path.unlink(missing_ok=True)
