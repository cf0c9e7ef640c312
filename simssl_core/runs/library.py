"""The shelf of runs, all in one place for pages and shell: list, look into, rename, delete, restore. Torch-free."""

from __future__ import annotations

from simssl_core.runs.entries import RunEntry, find, history, latest, runs, sizes
from simssl_core.runs.folders import root
from simssl_core.runs.maps import frame, frames, points, sheet
from simssl_core.runs.maps import info as map_info
from simssl_core.runs.shelf import delete, empty_trash, rename, restore, trash, trash_size

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
    "rename",
    "restore",
    "root",
    "runs",
    "sheet",
    "sizes",
    "trash",
    "trash_size",
]
