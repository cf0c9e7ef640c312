"""Starts races in worker processes, sends them commands and reads their status. Torch-free: pages need a quick answer.

A worker process has its own session, so it survives the web server or shell that started it. Commands to it (pause,
resume, stop, change a setting) are written to the store; the worker carries them out within half a second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simssl_core.config import Member, ModelConfig, RunConfig, TrainConfig, ViewConfig, parse
from simssl_core.data import catalog
from simssl_core.errors import ConfigError, DataError, RunError
from simssl_core.jobs import status as statuses
from simssl_core.runtime.processes import start_module
from simssl_core.storage import paths, race_file
from simssl_core.storage.database import has_store, open_store
from simssl_core.storage.race_file import RaceFile

Root = str | os.PathLike | None
MODULE = "simssl_core.jobs.worker"
NEEDED_BYTES = 200_000_000  # no race starts with less free disk space
_children: dict[int, subprocess.Popen] = {}  # the workers that this process started, by process id
_lock = threading.Lock()


def launch(config: RunConfig, root: Root = None) -> str:
    """Start a race in the background and return its name (made from the data set and the time if ``config`` has none).

    It trains as soon as one of the worker slots is free (environment ``SIMSSL_WORKERS`` sets their number, default 1).

    Raises:
        ConfigError, DataError: the configuration is invalid; nothing has been written.
        RunError: the disk is full or the root cannot be written.
    """
    root = paths.root(root)
    validate(config, root)
    file = register(config, root, status="queued")
    start_worker(root, file.race)
    return file.race


def validate(config: RunConfig, root: Path, objectives: bool = False) -> None:
    """Check ``config``, the root and the disk before anything is written.

    The objectives' settings are checked only if torch is already loaded (because a page has used a model) or if
    ``objectives`` is true; otherwise the worker checks them when it starts, and fails with the reason.

    Raises:
        ConfigError, DataError: the configuration is invalid.
        RunError: the root cannot be written, or too little disk space is free.
    """
    if config.data.name not in catalog.names():
        catalog.info(config.data.name)  # raises an error that lists the data sets
    if config.data.path is not None and not Path(config.data.path).expanduser().exists():
        raise DataError(f"{config.data.path} does not exist; give the folder of images or the parquet file.")
    if objectives or "torch" in sys.modules:
        from simssl_core.objectives import get

        for member in config.members:
            objective = get(member.objective)
            parse(objective.Config, member.settings, f"objective '{member.objective}'")
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise RunError(f"Runs cannot be kept in {root}: {existing} cannot be written. Choose another folder.")
    free = shutil.disk_usage(existing).free
    if free < NEEDED_BYTES:
        raise RunError(
            f"Only {free / 1e6:.0f} MB are free in {existing}; a run needs {NEEDED_BYTES / 1e6:.0f} MB. "
            "Delete some runs."
        )


def register(config: RunConfig, root: Path, status: str) -> RaceFile:
    """Reserve a free name for the race, write its file and add it to the store.

    Raises:
        RunError: no free name like this one was found.
    """
    store = open_store(root)
    wanted = config.name or f"{config.data.name}-{time.strftime('%m%d-%H%M%S')}"
    for number in range(1, 1000):
        name = wanted if number == 1 else f"{wanted[:74]}-{number}"
        named = config.model_copy(update={"name": name})
        runs = {member.label: paths.checked(named.run_name(member.label)) for member in named.members}
        if any((root / run).exists() for run in runs.values()) or store.race(name) is not None:
            continue
        file = RaceFile(name, named, runs)
        if race_file.reserve(root, file):
            break
    else:
        raise RunError(f"All names like '{wanted}' are taken; choose another.")
    rows = [(runs[member.label], member.label, member.objective, named.data.name) for member in named.members]
    store.add_race(
        name, named.model_dump_json(), named.train.steps, rows, status=status, created=file.created, pid=os.getpid()
    )
    return file


def start_worker(root: Path, race_name: str, *options: str) -> int:
    """Start the process that trains the race and return its process id. Raises RunError if the system refuses."""
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
    """The status of the race, one of those that :func:`simssl_core.jobs.status.race_status` lists.

    Raises:
        RunError: there is no such race.
    """
    reap()
    root = paths.root(root)
    if not has_store(root):
        raise RunError(f"There is no race called '{race_name}' in {root}.")
    return statuses.race_status(open_store(root), race_name)


def reap() -> None:
    """Collect the exit status of those workers of this process that have ended, so that no zombies remain."""
    with _lock:
        for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
            del _children[pid]


def pause(race_name: str, root: Root = None) -> None:
    """Ask the race to pause. Raises RunError if it is not training."""
    _send_if(race_name, root, ("training", "starting", "stalled"), "pause", "paused")


def stop(race_name: str, root: Root = None) -> None:
    """Ask the race to save its state and end; it can be resumed later. Raises RunError if it is not under way."""
    _send_if(race_name, root, statuses.ACTIVE, "stop", "stopped")


def resume(race_name: str, root: Root = None, extra_steps: int = 0) -> None:
    """Continue a race.

    A paused race continues at once. A stopped, interrupted or failed race continues in a new process from its last
    checkpoint, and so does a finished one, for ``extra_steps`` more steps.

    Raises:
        RunError: the race is already under way, or it is finished and ``extra_steps`` is 0.
    """
    root, present = paths.root(root), status(race_name, root)
    if present == "paused":
        open_store(root).send(race_name, "resume")
        return
    if present not in statuses.RESUMABLE and not (present == "finished" and extra_steps > 0):
        hint = "; give a number of extra steps" if present == "finished" else ""
        raise RunError(f"'{race_name}' is {present}: it cannot be resumed{hint}.")
    file = race_file.read(root, race_name)
    if extra_steps:
        train = file.config.train.model_dump() | {"steps": file.config.train.steps + extra_steps, "seconds": None}
        file.config = file.config.model_copy(update={"train": parse(TrainConfig, train, "train")})
        file.save(root)
    store = open_store(root)
    store.take_commands(race_name)  # discards commands that the ended process did not carry out
    if present == "interrupted":
        step = store.race(race_name).step
        store.add_event(race_name, "interrupted", f"the process ended unexpectedly at about step {step}", step=step)
    store.update_race(
        race_name, status="starting", reason=None, heartbeat=time.time(), pid=os.getpid(), steps=file.config.train.steps
    )
    start_worker(root, race_name, "--resume")


def change(race_name: str, label: str | None, name: str, value: Any, root: Root = None) -> None:
    """Change a live setting of one member, or of every member that has it (``label`` None), while the race trains.

    The worker records the change as an event of kind "change", or of kind "refused" with the reason.

    Raises:
        RunError: the race is not under way, or has no such member.
        ConfigError: the value is not a number, text or true/false, or :func:`check_setting` rejects it.
    """
    root, present = paths.root(root), status(race_name, root)
    if present not in ("training", "paused", "starting", "queued", "stalled"):
        raise RunError(f"'{race_name}' is {present}; only a race under way can be changed.")
    config = race_file.read(root, race_name).config
    members = {member.label: member for member in config.members}
    if label is not None and label not in members:
        raise RunError(f"'{race_name}' has no member '{label}'; members: {', '.join(members)}.")
    if not isinstance(value, (int, float, str, bool)):
        raise ConfigError(f"{name} cannot become {value!r}: a number, a text or true/false is needed.")
    check_setting(config, [members[label]] if label is not None else list(members.values()), name, value)
    open_store(root).send(race_name, "change", member=label, name=name, value=value)


def check_setting(config: RunConfig, members: Sequence[Member], name: str, value: Any) -> None:
    """Check that the setting ``name`` can change during training and accepts ``value``.

    Settings of objectives are checked only if torch is already loaded; otherwise the worker checks them.

    Raises:
        ConfigError: it cannot change, no objective of ``members`` has it, or ``value`` is out of range.
    """
    for model in (ViewConfig, ModelConfig):
        if name in model.model_fields:
            raise ConfigError(f"'{name}' cannot be changed while a race trains; start a new one.")
    if name in TrainConfig.model_fields:
        _check_live(TrainConfig, {}, name, value)
    elif "torch" in sys.modules:
        from simssl_core import objectives

        models = [(objectives.get(member.objective).Config, member.settings) for member in members]
        having = [(model, settings) for model, settings in models if name in model.model_fields]
        if not having:
            live = {key for model, _ in models for key, field in model.model_fields.items() if _is_live(field)}
            raise ConfigError(
                f"No objective here has a setting '{name}'; settings that can change: "
                f"{', '.join(['learning_rate', *sorted(live)])}."
            )
        for model, settings in having:
            _check_live(model, settings, name, value)


def _check_live(model: type, settings: Mapping[str, Any], name: str, value: Any) -> None:
    if not _is_live(model.model_fields[name]):
        raise ConfigError(f"'{name}' cannot be changed while a race trains; start a new one.")
    parse(model, {**settings, name: value})


def _is_live(field: Any) -> bool:
    """Whether this field of a settings model is declared as one that can change during training."""
    return bool((field.json_schema_extra or {}).get("live"))


def _send_if(race_name: str, root: Root, allowed: tuple[str, ...], command: str, participle: str) -> None:
    """Send a command if the race's status is one of ``allowed``; ``participle`` completes the error message."""
    present = status(race_name, root)
    if present not in allowed:
        raise RunError(f"'{race_name}' is {present}: it cannot be {participle}.")
    open_store(paths.root(root)).send(race_name, command)


def forget_unborn(race_name: str, root: Root = None) -> None:
    """Remove from the store those runs of an ended race that have no folder, and the race if it has no other run."""
    root = paths.root(root)
    store = open_store(root)
    for member in store.runs(race_name):
        if not paths.run_folder(root, member.run).is_dir():
            store.forget(member.run)
    forget_empty_race(race_name, root)


def forget_empty_race(race_name: str, root: Path) -> None:
    """Remove a race of which no run is left, so that its name is free. (A run restored later does not need it.)"""
    if not race_name or not has_store(root) or open_store(root).runs(race_name):
        return
    if paths.race_file(root, race_name).exists():
        runs = race_file.read(root, race_name).runs.values()
        if any(paths.run_folder(root, run).exists() for run in runs):
            return
    open_store(root).forget_race(race_name)
    for path in (paths.race_file, paths.log_file, paths.lease_file):
        path(root, race_name).unlink(missing_ok=True)
