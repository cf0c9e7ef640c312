"""``history.csv``: a run's recorded numbers in its own folder, so that they outlive the store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.runs import folders, recovery
from simssl_core.runs.store import Store

HEADER = ("step", "seconds", "name", "value")
Row = tuple[int, float, str, float]


def append(folder: Path, rows: Iterable[Row]) -> None:
    """Add rows at the end; a line cut off by a crash is ended first, so that it spoils no other.

    Raises:
        RunError: the file cannot be written.
    """
    path = folder / "history.csv"
    try:
        with path.open("a+b") as file:
            if file.seek(0, 2) == 0:
                file.write(_text([HEADER]))
            else:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(_text(rows))
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror or error}. Free some space.") from error


def rewrite(folder: Path, rows: Iterable[Row]) -> None:
    """Replace the file by these rows."""
    folders.write_whole(folder / "history.csv", _text([HEADER, *rows]))


def complete(store: Store, run: str, folder: Path) -> None:
    """Bring the file up to what the store knows (after a crash the store is ahead of it)."""
    rows = store.history(run)
    if rows:
        known = {(step, name): (step, seconds, name, value) for step, seconds, name, value in read(folder)}
        known |= {(step, name): (step, seconds, name, value) for step, seconds, name, value in rows}
        rewrite(folder, (known[key] for key in sorted(known)))


def read(folder: Path) -> list[Row]:
    """All rows, in the file's order; empty where there is no file."""
    return list(recovery.read_history(folder / "history.csv"))


def _text(rows: Iterable[tuple]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
