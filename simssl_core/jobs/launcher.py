"""Starting, steering and finding the processes that train. Torch-free: a page must answer at once.

A worker is a process in a session of its own: the death of the web server or the shell does not touch it. What is asked
of it (pause, resume, stop, a turned knob) travels as a command through the store; it answers within half a second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simssl_core.config import ModelConfig, RunConfig, TrainConfig, ViewConfig, parse
from simssl_core.data import catalog
from simssl_core.errors import ConfigError, DataError, RunError
from simssl_core.jobs import status as statuses
from simssl_core.runtime.processes import start_module
from simssl_core.storage import paths, race_file
from simssl_core.storage.database import has_store, open_store
from simssl_core.storage.race_file import RaceFile

Root = str | os.PathLike | None
MODULE = "simssl_core.jobs.worker"
NEEDED_BYTES = 200_000_000
_children: dict[int, subprocess.Popen] = {}
_lock = threading.Lock()


def launch(config: RunConfig, root: Root = None) -> str:
    """Start a race in the background and return its id (its name; made from the data and the time where it is empty).

    It trains as soon as one of the places for workers is free (environment ``SIMSSL_WORKERS``, default 1).

    Raises:
        ConfigError, DataError: the configuration cannot work; nothing has been written.
        RunError: the disk is full or the root cannot be written.
    """
    where = paths.root(root)
    validate(config, where)
    race = register(config, where, status="queued")
    start_worker(where, race.race)
    return race.race


def validate(config: RunConfig, root: Path, objectives: bool = False) -> None:
    """Refuse, before anything is written, what is bound to fail.

    Objectives are checked here if torch is loaded already (as it is once a page has used a model) or ``objectives`` is
    set; otherwise the worker checks them first thing and fails with the reason.
    """
    if config.data.name not in catalog.names():
        catalog.info(config.data.name)  # says what is known
    if config.data.path is not None and not Path(config.data.path).expanduser().exists():
        raise DataError(f"{config.data.path} does not exist; give the folder of images or the parquet file.")
    if objectives or "torch" in sys.modules:
        from simssl_core.objectives import get

        for member in config.members:
            kind = get(member.objective)
            parse(kind.Config, member.settings, f"objective '{member.objective}'")
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise RunError(f"Runs cannot be kept in {root}: {existing} cannot be written. Choose another folder.")
    free = shutil.disk_usage(existing).free
    if free < NEEDED_BYTES:
        raise RunError(
            f"Only {free / 1e6:.0f} MB are free in {existing}; a run needs {NEEDED_BYTES / 1e6:.0f}. Delete some runs."
        )


def register(config: RunConfig, root: Path, status: str) -> RaceFile:
    """Take a free name for the race and make it known to the store."""
    store = open_store(root)
    wanted = config.name or f"{config.data.name}-{time.strftime('%m%d-%H%M%S')}"
    for number in range(1, 1000):
        name = wanted if number == 1 else f"{wanted[:74]}-{number}"
        named = config.model_copy(update={"name": name})
        runs = {member.label: paths.checked(named.run_name(member.label)) for member in named.members}
        if any((root / run).exists() for run in runs.values()) or store.race(name) is not None:
            continue
        race = RaceFile(name, named, runs)
        if race_file.reserve(root, race):
            break
    else:
        raise RunError(f"All names like '{wanted}' are taken; choose another.")
    rows = [(runs[m.label], m.label, m.objective, named.data.name) for m in named.members]
    store.add_race(
        name, named.model_dump_json(), named.train.steps, rows, status=status, created=race.created, pid=os.getpid()
    )
    return race


def start_worker(root: Path, race_name: str, *options: str) -> int:
    """Start the process that trains ``race`` and return its id. Raises RunError if the system refuses."""
    config = race_file.read(root, race_name).config
    arguments = (race_name, "--root", str(root), *options)
    try:
        child = start_module(MODULE, *arguments, threads=config.train.threads, log=paths.log_file(root, race_name))
    except OSError as error:
        reason = f"The training process could not be started: {error.strerror or error}."
        open_store(root).update_race(race_name, status="failed", reason=reason)
        raise RunError(reason) from error
    with _lock:
        _children[child.pid] = child
    open_store(root).update_race(race_name, pid=child.pid, heartbeat=time.time())
    return child.pid


def status(race_name: str, root: Root = None) -> str:
    """queued, starting, training, paused, finished, stopped, failed, interrupted (its process died) or stalled
    (its process lives but gives no sign of life).

    Raises:
        RunError: there is no such race.
    """
    reap()
    where = paths.root(root)
    if not has_store(where):
        raise RunError(f"There is no race called '{race_name}' in {where}.")
    return statuses.race_status(open_store(where), race_name)


def reap() -> None:
    """Let the system forget our children that have ended."""
    with _lock:
        for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
            del _children[pid]


def pause(race_name: str, root: Root = None) -> None:
    """Ask the race to wait. Raises RunError if it does not train."""
    _ask(race_name, root, ("training", "starting", "stalled"), "pause", "paused")


def stop(race_name: str, root: Root = None) -> None:
    """Ask the race to keep its state and end; it can be resumed later. Raises RunError if it is not under way."""
    _ask(race_name, root, statuses.ACTIVE, "stop", "stopped")


def resume(race_name: str, root: Root = None, extra_steps: int = 0) -> None:
    """Go on: a paused race at once, a stopped, interrupted or failed one in a new process from its last checkpoint,
    a finished one for ``extra_steps`` more.

    Raises:
        RunError: it is under way already, or finished and ``extra_steps`` is 0.
    """
    where, now = paths.root(root), status(race_name, root)
    if now == "paused":
        open_store(where).send(race_name, "resume")
        return
    if now not in statuses.RESUMABLE and not (now == "finished" and extra_steps > 0):
        hint = "; give a number of extra steps" if now == "finished" else ""
        raise RunError(f"'{race_name}' is {now}: it cannot be resumed{hint}.")
    file = race_file.read(where, race_name)
    if extra_steps:
        train = file.config.train.model_dump() | {"steps": file.config.train.steps + extra_steps, "seconds": None}
        file.config = file.config.model_copy(update={"train": parse(TrainConfig, train, "train")})
        file.save(where)
    store = open_store(where)
    store.take_commands(race_name)  # what was asked of the dead process is void
    if now == "interrupted":
        step = store.race(race_name).step
        store.add_event(race_name, "interrupted", f"the process ended without a word at about step {step}", step=step)
    store.update_race(
        race_name, status="starting", reason=None, heartbeat=time.time(), pid=os.getpid(), steps=file.config.train.steps
    )
    start_worker(where, race_name, "--resume")


def change(race_name: str, label: str | None, name: str, value: Any, root: Root = None) -> None:
    """Turn a live knob of one member, or (label None) of all that have it, while the race trains.

    The worker notes the change as an event of kind "change", or "refused" with the reason.

    Raises:
        RunError: the race is not under way, or has no such member.
        ConfigError: the value is no plain number, text or switch, or is known to be out of range.
    """
    where, now = paths.root(root), status(race_name, root)
    if now not in ("training", "paused", "starting", "queued", "stalled"):
        raise RunError(f"'{race_name}' is {now}; only a race under way can be changed.")
    config = race_file.read(where, race_name).config
    members = {member.label: member for member in config.members}
    if label is not None and label not in members:
        raise RunError(f"'{race_name}' has no member '{label}'; members: {', '.join(members)}.")
    if not isinstance(value, (int, float, str, bool)):
        raise ConfigError(f"{name} cannot become {value!r}: a number, a text or true/false is needed.")
    check_knob(config, [members[label]] if label is not None else list(members.values()), name, value)
    open_store(where).send(race_name, "change", member=label, name=name, value=value)


def check_knob(config: RunConfig, members: list, name: str, value: Any) -> None:
    """Refuse what cannot be changed or is out of range, as far as it is known without importing torch."""
    for model in (ViewConfig, ModelConfig):
        if name in model.model_fields:
            raise ConfigError(f"'{name}' cannot be changed while a race trains; start a new one.")
    if name in TrainConfig.model_fields:
        _check_live(TrainConfig, {}, name, value)
    elif "torch" in sys.modules:
        from simssl_core import objectives

        kinds = [(objectives.get(member.objective).Config, member.settings) for member in members]
        having = [(kind, settings) for kind, settings in kinds if name in kind.model_fields]
        if not having:
            known = sorted({n for kind, _ in kinds for n, f in kind.model_fields.items() if _live(f)})
            raise ConfigError(
                f"No objective here has a setting '{name}'; live ones: learning_rate, {', '.join(known)}."
            )
        for kind, settings in having:
            _check_live(kind, settings, name, value)


def _check_live(model: type, settings: Mapping[str, Any], name: str, value: Any) -> None:
    if not _live(model.model_fields[name]):
        raise ConfigError(f"'{name}' cannot be changed while a race trains; start a new one.")
    parse(model, {**settings, name: value})


def _live(field: Any) -> bool:
    return bool((field.json_schema_extra or {}).get("live"))


def _ask(race_name: str, root: Root, allowed: tuple[str, ...], kind: str, past: str) -> None:
    now = status(race_name, root)
    if now not in allowed:
        raise RunError(f"'{race_name}' is {now}: it cannot be {past}.")
    open_store(paths.root(root)).send(race_name, kind)


def forget_unborn(race_name: str, root: Root = None) -> None:
    """Forget those runs of an ended race that never came to be on the disk, and the race itself if none is left."""
    where = paths.root(root)
    store = open_store(where)
    for member in store.runs(race_name):
        if not paths.run_folder(where, member.run).is_dir():
            store.forget(member.run)
    forget_empty_race(race_name, where)


def forget_empty_race(race_name: str, root: Path) -> None:
    """A race of which no run is left gives its name back (a run restored later still brings all it needs)."""
    if not race_name or not has_store(root) or open_store(root).runs(race_name):
        return
    if paths.race_file(root, race_name).exists():
        runs = race_file.read(root, race_name).runs.values()
        if any(paths.run_folder(root, run).exists() for run in runs):
            return
    open_store(root).forget_race(race_name)
    for path in (paths.race_file, paths.log_file, paths.lease_file):
        path(root, race_name).unlink(missing_ok=True)
