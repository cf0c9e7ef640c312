"""``history.csv``: the metrics recorded of a run, in its own folder, so that they survive the loss of the store."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.storage import files

FILE = "history.csv"
HEADER = ("step", "seconds", "name", "value")
Row = tuple[int, float, str, float]


def append(folder: Path, rows: Iterable[Row]) -> None:
    """Add rows at the end. A last line cut off by a crash is ended first, so that the new rows stay readable.

    Raises:
        RunError: the file cannot be written.
    """
    path = folder / FILE
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
    """Replace the file's content with these rows."""
    files.write_whole(folder / FILE, _text([HEADER, *rows]))


def read(folder: Path) -> list[Row]:
    """All rows, in the file's order; an empty list if there is no file."""
    return list(read_history(folder / FILE))


def _text(rows: Iterable[tuple]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def read_history(path: Path) -> Iterator[Row]:
    """The rows (step, seconds, name, value) of a ``history.csv``; the header and incomplete lines are left out."""
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            for line in csv.reader(file):
                with contextlib.suppress(ValueError):
                    step, seconds, name, value = line
                    yield int(step), float(seconds), name, float(value)
    except (OSError, csv.Error):
        return
