"""Longer work on finished runs, in a process of its own: learning memory decoders, measuring in full.

A page starts it, looks at its progress and may stop it; closing the page changes nothing. One task of each kind at a
time. Everything that a page calls here is torch-free. Under ``<root>/.lab/tasks/`` lie, for each kind, a lease held by
the living process, its progress (JSON) and, when somebody asks for it, a wish to stop.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from simssl_core.errors import CheckpointError, LabError, RunError
from simssl_core.runtime.processes import start_module
from simssl_core.storage import files, paths
from simssl_core.storage.locks import Lease, held

MEMORY, FULL, ELBO = "memory", "full", "elbo"
KINDS = {MEMORY: "Learning what is remembered", FULL: "Measuring in full", ELBO: "Measuring, ELBO_SSL included"}
MODULE = "simssl_core.jobs.background_tasks"
NICE = 10
SAY_SECONDS = 0.4
START_SECONDS = 30.0  # that importing torch may take before a process without a lease counts as dead
Root = str | os.PathLike | None


@dataclass
class BackgroundTask:
    """How far a task is: the ``run`` it is at, ``number`` of them done, ``share`` in [0, 1] of the whole, in words.

    ``trouble`` tells, by run, what could not be done. ``alive``: a process is at it.
    """

    kind: str
    runs: tuple[str, ...]
    run: str = ""
    number: int = 0
    share: float = 0.0
    words: str = "starting"
    started: float = 0.0
    ended: float = 0.0
    trouble: dict[str, str] = field(default_factory=dict)
    alive: bool = False

    @property
    def left(self) -> float | None:
        """Seconds that are left, once that can be told."""
        passed = time.time() - self.started
        return passed * (1 - self.share) / self.share if self.share > 0.05 else None


def start(kind: str, runs: Sequence[str], root: Root = None) -> None:
    """Begin the task for these runs, one after the other, in a process of its own.

    Raises:
        RunError: no such run, one of this kind is under way already, or the process cannot be started.
    """
    where = paths.root(root)
    if kind not in KINDS or not runs:
        raise RunError(f"There is nothing to do: '{kind}' for {len(runs)} runs.")
    for run in runs:
        if not (paths.run_folder(where, run) / "run.json").is_file():
            raise RunError(f"There is no run called '{run}' in {where}.")
    now = status(kind, where)
    if now is not None and now.alive:
        raise RunError(f"{KINDS[kind]} is under way already, at '{now.run or now.runs[0]}'; wait for it or stop it.")
    _file(where, kind, "stop").unlink(missing_ok=True)
    _say(where, BackgroundTask(kind, tuple(runs), started=time.time()))
    try:
        start_module(MODULE, kind, *runs, "--root", str(where), threads=1, log=_file(where, kind, "log"))
    except OSError as error:
        raise RunError(f"The process could not be started: {error.strerror or error}.") from error


def status(kind: str, root: Root = None) -> BackgroundTask | None:
    """The task of this kind, under way or ended last; None where there never was one. Writes nothing."""
    where = paths.root(root)
    try:
        values = files.read_json(_file(where, kind, "json"))
        task = BackgroundTask(**{**values, "runs": tuple(values["runs"])})
    except (CheckpointError, TypeError, KeyError):
        return None
    young = not task.ended and task.number == 0 and not task.run and time.time() - task.started < START_SECONDS
    task.alive = held(_file(where, kind, "lease")) or young
    return task


def stop(kind: str, root: Root = None) -> None:
    """Ask the task to end; what it has finished stays."""
    files.write_whole(_file(paths.root(root), kind, "stop"), "stop")


def run_task(kind: str, runs: Sequence[str], root: Path) -> BackgroundTask:
    """Do the task here and now, telling its progress; what fails for one run does not keep the others waiting.

    Raises:
        RunError: another process is at it.
    """
    lease = Lease(_file(root, kind, "lease"))
    if not lease.take():
        raise RunError(f"{KINDS[kind]} is under way already.")
    task, said = BackgroundTask(kind, tuple(runs), started=time.time()), 0.0
    try:
        for number, run in enumerate(runs):
            task.run, task.number = run, number
            with _noted(task, run):
                for share, words in _STEPS[kind](root / run):
                    task.share, task.words = (number + share) / len(runs), words
                    if time.time() - said > SAY_SECONDS:
                        said = time.time()
                        _say(root, task)
                    if _file(root, kind, "stop").exists():
                        task.words = "stopped"
                        return task
        task.number, task.share, task.words = len(runs), 1.0, "done"
        return task
    finally:
        task.ended = time.time()
        _say(root, task)
        lease.release()


class _noted:
    """Whatever goes wrong with one run is noted in the task, in plain words; details go to the log."""

    def __init__(self, task: BackgroundTask, run: str) -> None:
        self.task, self.run = task, run

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if not isinstance(error, LabError):
            import traceback

            traceback.print_exception(kind, error, trace)
        self.task.trouble[self.run] = str(error) if isinstance(error, LabError) else f"{kind.__name__}: {error}"
        return True


def _memory(folder: Path) -> Iterator[tuple[float, str]]:
    from simssl_core.analysis import memory_decoders

    yield 0.0, "loading the run and its data"
    for moment in memory_decoders.learn(folder):
        yield moment.share, f"step {moment.step:,}, loss {moment.loss:.4f} per pixel"


def _full(folder: Path, elbo: bool = False) -> Iterator[tuple[float, str]]:
    from simssl_core.analysis import evaluate

    for progress in evaluate.evaluate_in_full(folder, elbo=elbo):
        if progress.findings is not None:
            evaluate.save_evaluation(folder, progress.findings)
        yield progress.share, progress.task


_STEPS = {MEMORY: _memory, FULL: _full, ELBO: lambda folder: _full(folder, elbo=True)}


def _file(root: Path, kind: str, ending: str) -> Path:
    return paths.lab(root) / "tasks" / f"{kind}.{ending}"


def _say(root: Path, task: BackgroundTask) -> None:
    values = {name: value for name, value in asdict(task).items() if name != "alive"}
    files.write_whole(_file(root, task.kind, "json"), json.dumps(values))


def main(arguments: list[str] | None = None) -> int:
    """The process behind :func:`start`."""
    parser = argparse.ArgumentParser(description="Work on finished runs in the background.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--root", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        done = run_task(chosen.kind, chosen.runs, chosen.root)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    return 2 if done.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
