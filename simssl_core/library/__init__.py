"""The library of runs for pages and shell: list, read, rename, delete and restore them. Torch-free."""

from __future__ import annotations

from simssl_core.library.actions import delete, empty_trash, rename, restore, trash, trash_size
from simssl_core.library.entries import RunEntry, find, history, latest, races, runs, sizes
from simssl_core.storage.map_files import frame, frames, points, sheet
from simssl_core.storage.map_files import info as map_info
from simssl_core.storage.paths import root

__all__ = [
    "RunEntry",
    "delete",
    "empty_trash",
    "find",
    "frame",
    "frames",
    "history",
    "latest",
    "map_info",
    "points",
    "races",
    "rename",
    "restore",
    "root",
    "runs",
    "sheet",
    "sizes",
    "trash",
    "trash_size",
]
