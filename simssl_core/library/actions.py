"""Tidying the shelf of runs: a new name, into the trash, back out of it."""

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
    """Give the run's folder another name and return it; its race can still be resumed.

    Raises:
        RunError: no such run, it is under way, or the new name is taken or impossible.
    """
    where = paths.root(root)
    entry = _still(run, where, "renamed")
    target = paths.run_folder(where, new)
    if target.exists():
        raise RunError(f"There is already a run called '{new}'; choose another name.")
    record = files.read_json(entry.folder / "run.json")
    os.rename(entry.folder, target)
    files.write_whole(target / "run.json", json.dumps(record | {"run": new}, indent=1))
    if has_store(where):
        open_store(where).rename(run, new)
    if paths.race_file(where, entry.race).exists():
        race = race_file.read(where, entry.race)
        race.runs = {label: new if name == run else name for label, name in race.runs.items()}
        race.save(where)
    return new


def delete(run: str, root: Root = None) -> str:
    """Move the run into the trash and return the name under which :func:`restore` finds it.

    Raises:
        RunError: no such run, or it is under way.
    """
    where = paths.root(root)
    entry = _still(run, where, "deleted", damaged=True)
    trash = paths.lab(where) / "trash"
    trash.mkdir(parents=True, exist_ok=True)
    moment = int(time.time())
    while (trash / f"{moment}--{run}").exists():
        moment += 1
    ticket = f"{moment}--{run}"
    if has_store(where):
        store = open_store(where)
        if entry.folder.is_dir():
            database.complete_history(store, run, entry.folder)
        store.forget(run)
    if entry.folder.is_dir():
        os.rename(entry.folder, trash / ticket)
    launcher.forget_empty_race(entry.race, where)
    return ticket


def restore(ticket: str, root: Root = None) -> str:
    """Take a run out of the trash and return its name (a new one if the old is taken by now).

    Raises:
        RunError: it is not in the trash.
    """
    where = paths.root(root)
    time_of_day, _, wanted = ticket.partition("--")
    source = paths.lab(where) / "trash" / ticket
    if not time_of_day.isdigit() or not source.is_dir():
        raise RunError(f"'{ticket}' is not in the trash.")
    paths.checked(wanted)
    run = _free(where, wanted)
    os.rename(source, where / run)
    if run != wanted:
        record = files.read_json(where / run / "run.json")
        files.write_whole(where / run / "run.json", json.dumps(record | {"run": run}, indent=1))
    return run


def trash(root: Root = None) -> list[str]:
    """The tickets of all deleted runs, newest first."""
    where = paths.lab(paths.root(root)) / "trash"
    return sorted((path.name for path in where.iterdir() if path.is_dir()), reverse=True) if where.is_dir() else []


def trash_size(root: Root = None) -> int:
    """Bytes that deleted runs still take up."""
    folder = paths.lab(paths.root(root)) / "trash"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def empty_trash(root: Root = None) -> int:
    """Remove all deleted runs for good and return how many there were."""
    tickets = trash(root)
    for ticket in tickets:
        shutil.rmtree(paths.lab(paths.root(root)) / "trash" / ticket, ignore_errors=True)
    return len(tickets)


def _still(run: str, root: Path, verb: str, damaged: bool = False) -> RunEntry:
    entry = entries.find(run, root)
    if entry.live:
        raise RunError(f"'{run}' is {entry.status}; stop it before it is {verb}.")
    if entry.status == "damaged" and not damaged:
        raise RunError(f"'{run}' is damaged and cannot be {verb}: {entry.reason}")
    return entry


def _free(folder: Path, name: str) -> str:
    number, wanted = 1, name
    while (folder / name).exists():
        number += 1
        name = f"{wanted[:74]}-{number}"
    return name
