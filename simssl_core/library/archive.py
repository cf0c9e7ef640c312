"""A run as one file to keep or send, and back: a zip of JSON, CSV, safetensors, parquet and WebP.

What comes in is checked before it is believed.
"""

from __future__ import annotations

import csv as tables
import io
import os
import re
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from simssl_core.errors import CheckpointError, RunError
from simssl_core.library import entries
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import checkpoints, database, history, paths
from simssl_core.storage.database import has_store, open_store
from simssl_core.storage.files import read_json
from simssl_core.storage.run_record import PICKLES, RECORD, RunRecord, read_run

KNOWN = re.compile(
    r"run\.json|weights\.safetensors|memory\.safetensors|evaluation\.json|history\.csv|map/(map\.json|points\.parquet|sheet\.webp|\d{8}\.safetensors)"
)
NEEDED = (RECORD, "weights.safetensors")
MOST_FILES = 400
MOST_BYTES = 500_000_000
EPOCH = (1980, 1, 1, 0, 0, 0)  # equal runs make equal files
CHUNK = 1 << 20


def to_zip(run: str, root: str | os.PathLike | None = None) -> bytes:
    """The run as a zip: record, weights, history and map. (Without the training state: it is loaded, not resumed.)

    Raises:
        RunError, CheckpointError: there is no such run, or it is damaged.
    """
    where = paths.root(root)
    entry = entries.find(run, where)
    if entry.status == "damaged" or not entry.has_weights:
        raise CheckpointError(f"'{run}' cannot be exported: {entry.reason or 'it has no weights yet'}")
    if has_store(where) and not entry.live:
        database.complete_history(open_store(where), run, entry.folder)
    files = {p.relative_to(entry.folder).as_posix(): p for p in entry.folder.rglob("*") if p.is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(name for name in files if KNOWN.fullmatch(name)):
            item = zipfile.ZipInfo(f"{run}/{name}", EPOCH)
            item.external_attr = 0o644 << 16
            item.compress_type = zipfile.ZIP_DEFLATED if name.endswith((".json", ".csv")) else zipfile.ZIP_STORED
            archive.writestr(item, files[name].read_bytes())
    return buffer.getvalue()


def from_zip(source: str | os.PathLike | bytes, root: str | os.PathLike | None = None) -> str:
    """Add a run from a zip made by :func:`to_zip` and return its name (a new one if the old is taken).

    Names, number and sizes are checked before a byte is unpacked, the content before the run appears among the others.
    Nothing is ever unpickled.

    Raises:
        CheckpointError: not such a zip, unsafe or damaged; nothing has been added.
    """
    where = paths.root(root)
    stream = io.BytesIO(source) if isinstance(source, bytes) else _opened(source)
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            names = _checked(archive)
            lab = paths.lab(where)
            fresh = not lab.exists()
            lab.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="import-", dir=lab) as temporary:
                try:
                    return _unpack(archive, names, Path(temporary), where)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
                    if fresh and not any(lab.iterdir()):
                        lab.rmdir()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise CheckpointError(f"This is not a whole zip file ({error}); export the run again.") from error
    except OSError as error:
        raise RunError(f"The run could not be unpacked: {error.strerror or error}.") from error


def csv(run: str, root: str | os.PathLike | None = None) -> str:
    """Everything recorded of the run: a table with the columns step, seconds, name, value.

    Raises:
        RunError: there is no such run.
    """
    where = paths.root(root)
    entry = entries.find(run, where)
    rows = {(row[0], row[2]): row for row in history.read(entry.folder)}
    if has_store(where):
        rows |= {(row[0], row[2]): row for row in open_store(where, readonly=True).history(run)}
    text = io.StringIO()
    tables.writer(text, lineterminator="\n").writerows([history.HEADER, *(rows[key] for key in sorted(rows))])
    return text.getvalue()


def snippet(run: str, root: str | os.PathLike | None = None) -> str:
    """Three lines of Python that load the run's encoder."""
    folder = entries.find(run, root).folder
    shown = folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder
    return f'import simssl_core as lab\nencoder = lab.load("{shown.as_posix()}")\nz = encoder(images)'


def _opened(path: str | os.PathLike):
    try:
        return open(path, "rb")
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror or error}.") from error


def _checked(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's files by their name inside the run, if every one of them is harmless and known."""
    items = [item for item in archive.infolist() if not item.is_dir()]
    if len(items) > MOST_FILES:
        raise CheckpointError(f"The zip holds {len(items):,} files; a run has at most {MOST_FILES}.")
    size = sum(item.file_size for item in items)
    if size > MOST_BYTES:
        raise CheckpointError(f"The zip unpacks to {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} MB are taken.")
    found: dict[str, zipfile.ZipInfo] = {}
    for item in items:
        name = _inside(item)
        if name in found:
            raise CheckpointError(f"The zip holds '{name}' twice.")
        found[name] = item
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise CheckpointError(f"The zip is not a run of this lab: it has no {', '.join(missing)}.")
    return found


def _inside(item: zipfile.ZipInfo) -> str:
    path = PurePosixPath(item.filename)
    shown = item.filename[:80]
    if path.is_absolute() or ".." in path.parts or "\\" in item.filename or ":" in item.filename:
        raise CheckpointError(f"The zip holds the unsafe name {shown!r}; it is not unpacked.")
    if stat.S_ISLNK(item.external_attr >> 16):
        raise CheckpointError(f"The zip holds the link {shown!r}; it is not unpacked.")
    if path.suffix in PICKLES:
        raise CheckpointError(
            f"The zip holds the pickle {shown!r}; nothing is ever unpickled here (it could run any code)."
        )
    if item.flag_bits & 1:
        raise CheckpointError(f"{shown!r} in the zip is encrypted; make the zip without a password.")
    parts = path.parts
    for name in ("/".join(parts), "/".join(parts[1:])):
        if KNOWN.fullmatch(name):
            return name
    raise CheckpointError(f"The zip holds {shown!r}, which is no file of a run of this lab.")


def _unpack(archive: zipfile.ZipFile, items: dict[str, zipfile.ZipInfo], temporary: Path, root: Path) -> str:
    folder = temporary / "run"
    for name, item in items.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(item) as source, target.open("wb") as sink:
            left = item.file_size
            while piece := source.read(min(CHUNK, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise CheckpointError(f"'{name}' in the zip is longer than it says; it is not unpacked.")
                sink.write(piece)
    folder.rename(folder := temporary / _name(folder))
    record = _proven(folder)
    number, run = 1, record.run
    while (root / run).exists():
        number += 1
        run = f"{record.run[:74]}-{number}"
    status = record.status if record.status in ("finished", "failed") else "stopped"
    checkpoints.write_record(folder, record.model_copy(update={"run": run, "status": status}))
    os.rename(folder, root / run)
    return run


def _name(folder: Path) -> str:
    """What the run calls itself, if that can be a folder's name."""
    values = read_json(folder / RECORD)
    try:
        return paths.checked(str(values.get("run", "")))
    except RunError as error:
        raise CheckpointError(f"The zip's {RECORD} has no usable name: {error}") from error


def _proven(folder: Path) -> RunRecord:
    """The record, once the weights have been loaded into the objective it describes."""
    checkpoints.read_objective(folder)
    return read_run(folder)
