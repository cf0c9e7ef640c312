"""Exports a run as one zip of JSON, CSV, safetensors, parquet and WebP files, and imports such a zip.

An imported zip is checked completely before the run is added.
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
from typing import BinaryIO

from simssl_core.errors import CheckpointError, RunError
from simssl_core.library import entries
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import checkpoints, database, history, paths
from simssl_core.storage.database import has_store, open_store
from simssl_core.storage.files import read_json
from simssl_core.storage.run_record import PICKLES, RECORD, RunRecord, read_run

RUN_FILE = re.compile(  # the files that an exported run may hold
    r"run\.json|weights\.safetensors|memory\.safetensors|evaluation\.json|history\.csv"
    r"|map/(map\.json|points\.parquet|sheet\.webp|\d{8}\.safetensors)"
)
NEEDED = (RECORD, "weights.safetensors")
MOST_FILES = 400
MOST_BYTES = 500_000_000
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal runs give equal zips
CHUNK = 1 << 20  # bytes


def to_zip(run: str, root: str | os.PathLike | None = None) -> bytes:
    """The run as a zip: record, weights, history, full measurement, memory decoder and map, as far as it has them.

    The training state is left out: an imported run can be loaded but not resumed.

    Raises:
        RunError: there is no such run.
        CheckpointError: the run is damaged or has no weights yet.
    """
    root = paths.root(root)
    entry = entries.find(run, root)
    if entry.status == "damaged" or not entry.has_weights:
        raise CheckpointError(f"'{run}' cannot be exported: {entry.reason or 'it has no weights yet'}")
    if has_store(root) and not entry.live:
        database.complete_history(open_store(root), run, entry.folder)
    files = {path.relative_to(entry.folder).as_posix(): path for path in entry.folder.rglob("*") if path.is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(name for name in files if RUN_FILE.fullmatch(name)):
            item = zipfile.ZipInfo(f"{run}/{name}", EPOCH)
            item.external_attr = 0o644 << 16
            item.compress_type = zipfile.ZIP_DEFLATED if name.endswith((".json", ".csv")) else zipfile.ZIP_STORED
            archive.writestr(item, files[name].read_bytes())
    return buffer.getvalue()


def from_zip(source: str | os.PathLike | bytes, root: str | os.PathLike | None = None) -> str:
    """Add a run from a zip made by :func:`to_zip` and return its name: a new one if the old name is taken.

    The names, number and sizes of the files are checked before anything is unpacked, and their content before the run
    is added. Nothing is ever unpickled.

    Raises:
        CheckpointError: not a zip of a run, or an unsafe or damaged one; nothing has been added.
        RunError: the run cannot be written.
    """
    root = paths.root(root)
    stream = io.BytesIO(source) if isinstance(source, bytes) else _open(source)
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            items = _checked_items(archive)
            lab = paths.lab(root)
            is_new = not lab.exists()
            lab.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="import-", dir=lab) as temporary:
                try:
                    return _unpack(archive, items, Path(temporary), root)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
                    if is_new and not any(lab.iterdir()):
                        lab.rmdir()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise CheckpointError(f"This is not a complete zip file ({error}); export the run again.") from error
    except OSError as error:
        raise RunError(f"The run could not be unpacked: {error.strerror or error}.") from error


def csv(run: str, root: str | os.PathLike | None = None) -> str:
    """All recorded values of the run, as CSV text with the columns step, seconds, name and value.

    Raises:
        RunError: there is no such run.
    """
    root = paths.root(root)
    entry = entries.find(run, root)
    rows = {(row[0], row[2]): row for row in history.read(entry.folder)}
    if has_store(root):
        rows |= {(row[0], row[2]): row for row in open_store(root, readonly=True).history(run)}
    text = io.StringIO()
    tables.writer(text, lineterminator="\n").writerows([history.HEADER, *(rows[key] for key in sorted(rows))])
    return text.getvalue()


def snippet(run: str, root: str | os.PathLike | None = None) -> str:
    """Three lines of Python that load the run's encoder."""
    folder = entries.find(run, root).folder
    if folder.is_relative_to(PROJECT):
        folder = folder.relative_to(PROJECT)
    return f'import simssl_core as lab\nencoder = lab.load("{folder.as_posix()}")\nz = encoder(images)'


def _open(path: str | os.PathLike) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror or error}.") from error


def _checked_items(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by their path inside the run. Raises CheckpointError if any is unsafe or unexpected."""
    items = [item for item in archive.infolist() if not item.is_dir()]
    if len(items) > MOST_FILES:
        raise CheckpointError(f"The zip holds {len(items):,} files; a run has at most {MOST_FILES}.")
    size = sum(item.file_size for item in items)
    if size > MOST_BYTES:
        raise CheckpointError(f"The zip unpacks to {size / 1e6:,.0f} MB; the limit is {MOST_BYTES / 1e6:,.0f} MB.")
    by_name: dict[str, zipfile.ZipInfo] = {}
    for item in items:
        name = _path_inside(item)
        if name in by_name:
            raise CheckpointError(f"The zip holds '{name}' twice.")
        by_name[name] = item
    missing = [name for name in NEEDED if name not in by_name]
    if missing:
        raise CheckpointError(f"The zip is not a run of this lab: it has no {', '.join(missing)}.")
    return by_name


def _path_inside(item: zipfile.ZipInfo) -> str:
    """The item's path inside the run's folder. Raises CheckpointError if it is unsafe or no file of a run."""
    path = PurePosixPath(item.filename)
    short = item.filename[:80]
    if path.is_absolute() or ".." in path.parts or "\\" in item.filename or ":" in item.filename:
        raise CheckpointError(f"The zip holds the unsafe name {short!r}; it is not unpacked.")
    if stat.S_ISLNK(item.external_attr >> 16):
        raise CheckpointError(f"The zip holds the link {short!r}; it is not unpacked.")
    if path.suffix in PICKLES:
        raise CheckpointError(
            f"The zip holds the pickle {short!r}; nothing is ever unpickled here (it could run any code)."
        )
    if item.flag_bits & 1:
        raise CheckpointError(f"{short!r} in the zip is encrypted; make the zip without a password.")
    parts = path.parts
    for name in ("/".join(parts), "/".join(parts[1:])):
        if RUN_FILE.fullmatch(name):
            return name
    raise CheckpointError(f"The zip holds {short!r}, which is not a file of a run of this lab.")


def _unpack(archive: zipfile.ZipFile, items: dict[str, zipfile.ZipInfo], temporary: Path, root: Path) -> str:
    """Unpack and check the run in ``temporary``, then move it to ``root`` under a free name, which is returned."""
    folder = temporary / "run"
    for name, item in items.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(item) as source, target.open("wb") as sink:
            left = item.file_size
            while piece := source.read(min(CHUNK, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise CheckpointError(f"'{name}' in the zip is longer than its stated size; it is not unpacked.")
                sink.write(piece)
    folder = folder.rename(temporary / _run_name(folder))
    record = _checked_record(folder)
    number, run = 1, record.run
    while (root / run).exists():
        number += 1
        run = f"{record.run[:74]}-{number}"
    status = record.status if record.status in ("finished", "failed") else "stopped"
    checkpoints.write_record(folder, record.model_copy(update={"run": run, "status": status}))
    os.rename(folder, root / run)
    return run


def _run_name(folder: Path) -> str:
    """The run's name from its record. Raises CheckpointError if it is not allowed as a folder name."""
    values = read_json(folder / RECORD)
    try:
        return paths.checked(str(values.get("run", "")))
    except RunError as error:
        raise CheckpointError(f"The zip's {RECORD} has no usable name: {error}") from error


def _checked_record(folder: Path) -> RunRecord:
    """The run's record. Raises CheckpointError if the weights do not fit the objective that it describes."""
    checkpoints.read_objective(folder)
    return read_run(folder)
