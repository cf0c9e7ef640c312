"""Background tasks on finished runs: learning memory decoders or measuring in full, in a separate process.

A page starts a task, displays its progress and can stop it; the task continues when the page is closed. Only one task
of each kind runs at a time. The functions that pages call do not import torch. For each kind, ``<root>/.lab/tasks/``
holds the lease of the running process, its progress (JSON), its log and, if a page has asked it to end, a stop file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from simssl_core.errors import CheckpointError, LabError, RunError
from simssl_core.runtime.processes import start_module
from simssl_core.storage import files, paths
from simssl_core.storage.locks import Lease, held

MEMORY, FULL, ELBO = "memory", "full", "elbo"
KINDS = {MEMORY: "Learning memory decoders", FULL: "Measuring in full", ELBO: "Measuring in full with ELBO_SSL"}
MODULE = "simssl_core.jobs.background_tasks"
NICE = 10
WRITE_SECONDS = 0.4  # between two writes of the progress file
START_SECONDS = 30.0  # a process without a lease counts as starting for this long: importing torch takes time
Root = str | os.PathLike | None


@dataclass
class BackgroundTask:
    """The state of a task, as its progress file holds it.

    Attributes:
        kind, runs: what is done, and to which runs, in this order.
        run, number: the run in progress, and how many runs are done.
        share: progress of the whole task in [0, 1].
        words: the present step, as text for the page.
        started, ended: seconds since 1970; ``ended`` is 0 until the task ends.
        trouble: for each run that failed, the reason.
        alive: whether a process is working on the task (not saved).
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
        """The estimated seconds left; None until 5 % of the task is done."""
        if self.share <= 0.05:
            return None
        passed = time.time() - self.started
        return passed * (1 - self.share) / self.share


def start(kind: str, runs: Sequence[str], root: Root = None) -> None:
    """Start a process that does the task for these runs, one after the other.

    Raises:
        RunError: a run does not exist, a task of this kind is already under way, or the process cannot be started.
    """
    root = paths.root(root)
    if kind not in KINDS or not runs:
        raise RunError(f"There is no task of kind '{kind}' for {len(runs)} runs.")
    for run in runs:
        if not (paths.run_folder(root, run) / "run.json").is_file():
            raise RunError(f"There is no run called '{run}' in {root}.")
    current = status(kind, root)
    if current is not None and current.alive:
        run = current.run or current.runs[0]
        raise RunError(f"{KINDS[kind]} is already under way, at run '{run}'; wait for it or stop it.")
    _file(root, kind, "stop").unlink(missing_ok=True)
    _write(root, BackgroundTask(kind, tuple(runs), started=time.time()))
    try:
        start_module(MODULE, kind, *runs, "--root", str(root), threads=1, log=_file(root, kind, "log"))
    except OSError as error:
        raise RunError(f"The process could not be started: {error.strerror or error}.") from error


def status(kind: str, root: Root = None) -> BackgroundTask | None:
    """The current or most recent task of this kind; None if there has never been one. Writes nothing."""
    root = paths.root(root)
    try:
        values = files.read_json(_file(root, kind, "json"))
        task = BackgroundTask(**{**values, "runs": tuple(values["runs"])})
    except (CheckpointError, TypeError, KeyError):
        return None
    begun = task.ended or task.number > 0 or task.run
    starting = not begun and time.time() - task.started < START_SECONDS
    task.alive = held(_file(root, kind, "lease")) or starting
    return task


def stop(kind: str, root: Root = None) -> None:
    """Ask the task to end. Results that it has already saved stay."""
    files.write_whole(_file(paths.root(root), kind, "stop"), "stop")


def run_task(kind: str, runs: Sequence[str], root: Path) -> BackgroundTask:
    """Do the task in this process and write its progress. A failure on one run does not affect the others.

    Raises:
        RunError: another process is doing a task of this kind.
    """
    lease = Lease(_file(root, kind, "lease"))
    if not lease.take():
        raise RunError(f"{KINDS[kind]} is already under way.")
    task = BackgroundTask(kind, tuple(runs), started=time.time())
    written = 0.0
    try:
        for number, run in enumerate(runs):
            task.run, task.number = run, number
            with _failure_recorded(task, run):
                for share, text in _STEPS[kind](root / run):
                    task.share, task.words = (number + share) / len(runs), text
                    if time.time() - written > WRITE_SECONDS:
                        written = time.time()
                        _write(root, task)
                    if _file(root, kind, "stop").exists():
                        task.words = "stopped"
                        return task
        task.number, task.share, task.words = len(runs), 1.0, "done"
        return task
    finally:
        task.ended = time.time()
        _write(root, task)
        lease.release()


@contextmanager
def _failure_recorded(task: BackgroundTask, run: str) -> Iterator[None]:
    """Catch any error raised for ``run`` and record its reason in the task; an unexpected one is also logged."""
    try:
        yield
    except LabError as error:
        task.trouble[run] = str(error)
    except Exception as error:
        traceback.print_exc()
        task.trouble[run] = f"{type(error).__name__}: {error}"


def _memory(folder: Path) -> Iterator[tuple[float, str]]:
    from simssl_core.analysis import memory_decoders

    yield 0.0, "loading the run and its data"
    for progress in memory_decoders.learn(folder):
        yield progress.share, f"step {progress.step:,}, loss {progress.loss:.4f} per pixel"


def _full(folder: Path, elbo: bool = False) -> Iterator[tuple[float, str]]:
    from simssl_core.analysis import evaluate

    for progress in evaluate.evaluate_in_full(folder, elbo=elbo):
        if progress.findings is not None:
            evaluate.save_evaluation(folder, progress.findings)
        yield progress.share, progress.task


def _full_with_elbo(folder: Path) -> Iterator[tuple[float, str]]:
    return _full(folder, elbo=True)


# Each function works on one run folder and yields the share done in [0, 1] and a text.
_STEPS = {MEMORY: _memory, FULL: _full, ELBO: _full_with_elbo}


def _file(root: Path, kind: str, ending: str) -> Path:
    return paths.lab(root) / "tasks" / f"{kind}.{ending}"


def _write(root: Path, task: BackgroundTask) -> None:
    values = {name: value for name, value in asdict(task).items() if name != "alive"}
    files.write_whole(_file(root, task.kind, "json"), json.dumps(values))


def main(argv: list[str] | None = None) -> int:
    """The program that :func:`start` runs: 0 if every run succeeded, else 2."""
    parser = argparse.ArgumentParser(description="Work on finished runs in the background.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--root", type=Path, required=True)
    arguments = parser.parse_args(argv)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        task = run_task(arguments.kind, arguments.runs, arguments.root)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    return 2 if task.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
