"""Actions on runs: rename, move to the trash, restore from it, empty it."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.jobs import launcher
from simssl_core.library import entries
from simssl_core.library.entries import RunEntry
from simssl_core.storage import database, files, paths, race_file
from simssl_core.storage.database import has_store, open_store

Root = str | os.PathLike | None


def rename(run: str, new: str, root: Root = None) -> str:
    """Rename the run's folder and return the new name; the run's race can still be resumed.

    Raises:
        RunError: there is no such run, it is under way or damaged, or the new name is taken or not allowed.
    """
    root = paths.root(root)
    entry = _inactive(run, root, "renamed")
    target = paths.run_folder(root, new)
    if target.exists():
        raise RunError(f"There is already a run called '{new}'; choose another name.")
    record = files.read_json(entry.folder / "run.json")
    os.rename(entry.folder, target)
    files.write_whole(target / "run.json", json.dumps(record | {"run": new}, indent=1))
    if has_store(root):
        open_store(root).rename(run, new)
    if paths.race_file(root, entry.race).exists():
        file = race_file.read(root, entry.race)
        file.runs = {label: new if name == run else name for label, name in file.runs.items()}
        file.save(root)
    return new


def delete(run: str, root: Root = None) -> str:
    """Move the run to the trash and return its ticket (``<seconds since 1970>--<run>``) for :func:`restore`.

    Raises:
        RunError: there is no such run, or it is under way.
    """
    root = paths.root(root)
    entry = _inactive(run, root, "deleted", allow_damaged=True)
    folder = _trash_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    moment = int(time.time())
    while (folder / f"{moment}--{run}").exists():
        moment += 1
    ticket = f"{moment}--{run}"
    if has_store(root):
        store = open_store(root)
        if entry.folder.is_dir():
            database.complete_history(store, run, entry.folder)
        store.forget(run)
    if entry.folder.is_dir():
        os.rename(entry.folder, folder / ticket)
    launcher.forget_empty_race(entry.race, root)
    return ticket


def restore(ticket: str, root: Root = None) -> str:
    """Move a run from the trash back to the root and return its name: a new one if the old name is taken by now.

    Raises:
        RunError: the ticket is not in the trash.
    """
    root = paths.root(root)
    moment, _, wanted = ticket.partition("--")
    source = _trash_folder(root) / ticket
    if not moment.isdigit() or not source.is_dir():
        raise RunError(f"'{ticket}' is not in the trash.")
    paths.checked(wanted)
    run = _free_name(root, wanted)
    os.rename(source, root / run)
    if run != wanted:
        record = files.read_json(root / run / "run.json")
        files.write_whole(root / run / "run.json", json.dumps(record | {"run": run}, indent=1))
    return run


def trash(root: Root = None) -> list[str]:
    """The tickets of all deleted runs, newest first."""
    folder = _trash_folder(paths.root(root))
    if not folder.is_dir():
        return []
    return sorted((path.name for path in folder.iterdir() if path.is_dir()), reverse=True)


def trash_size(root: Root = None) -> int:
    """The size of all deleted runs in bytes."""
    folder = _trash_folder(paths.root(root))
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def empty_trash(root: Root = None) -> int:
    """Remove all deleted runs permanently and return their number."""
    tickets = trash(root)
    folder = _trash_folder(paths.root(root))
    for ticket in tickets:
        shutil.rmtree(folder / ticket, ignore_errors=True)
    return len(tickets)


def _trash_folder(root: Path) -> Path:
    return paths.lab(root) / "trash"


def _inactive(run: str, root: Path, participle: str, allow_damaged: bool = False) -> RunEntry:
    """The entry of a run that is not under way; raises RunError otherwise, with ``participle`` in the message."""
    entry = entries.find(run, root)
    if entry.live:
        raise RunError(f"'{run}' is {entry.status}; stop it before it is {participle}.")
    if entry.status == "damaged" and not allow_damaged:
        raise RunError(f"'{run}' is damaged and cannot be {participle}: {entry.reason}")
    return entry


def _free_name(folder: Path, wanted: str) -> str:
    """``wanted``, or ``wanted-2``, ``wanted-3`` ...: the first name that is free in ``folder``."""
    number, name = 1, wanted
    while (folder / name).exists():
        number += 1
        name = f"{wanted[:74]}-{number}"
    return name
