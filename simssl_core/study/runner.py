"""Running a study: its cells side by side, one a GPU or one a core, and what is finished stays finished."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from simssl_core.errors import RunError
from simssl_core.runtime.environment import cores
from simssl_core.runtime.processes import start_module
from simssl_core.study import plan
from simssl_core.study.plan import Cell

MODULE = "simssl_core.study.worker"
LOOK_SECONDS = 0.2
GIVE_UP = 3  # cells that die before any has finished: what kills them is in all of them


@dataclass
class RunningCell:
    """A cell's process, and how far it is."""

    cell: Cell
    process: subprocess.Popen
    device: str
    share: float = 0.0
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Follow its output until it ends."""
        threading.Thread(target=self._shares, daemon=True).start()
        threading.Thread(target=self._words, daemon=True).start()

    def _shares(self) -> None:
        for line in self.process.stdout:
            try:
                self.share = float(line)
            except ValueError:
                self.said.append(line)

    def _words(self) -> None:
        for line in self.process.stderr:
            self.said = [*self.said[-20:], line]


@dataclass(frozen=True)
class State:
    """How far the study is: cells ``done`` of ``total``, their share with those under way counted in part, the cell
    that ended just now (if one did) with the reason if it failed, and seconds left (None: too early to tell).

    A cell that diverged is kept with its reason; one whose process ``died`` is not, and is tried again next time."""

    done: int
    total: int
    share: float
    left: float | None
    ended: Cell | None = None
    failed: str | None = None
    died: bool = False


def run(wanted: Sequence[Cell], out: Path, jobs: int = 0, device: str = "auto", fresh: bool = False) -> Iterator[State]:
    """Do every cell that is not finished yet; yields from time to time.

    ``jobs``: processes at once; 0: one for each GPU, or one for each core with one thread each. Whoever stops iterating
    (Ctrl-C) stops the cells under way; finished ones are kept and not done again.

    Raises:
        RunError: kept cells were made with other settings, or all that was started died without a result.
    """
    out = Path(out)
    if fresh:
        shutil.rmtree(out / plan.FOLDER, ignore_errors=True)
    kept = plan.finished(out, wanted)
    waiting = [cell for cell in wanted if cell.name not in kept]
    places = _places(device, jobs, len(waiting))
    threads = max(1, cores() // max(1, len(places)))
    working: list[RunningCell] = []
    done, died, started = len(kept), 0, time.monotonic()
    yield _state(done, len(wanted), working, len(kept), started)
    try:
        while waiting or working:
            free = list(places)
            for one in working:
                free.remove(one.device)
            while waiting and free:
                working.append(_start(waiting.pop(0), out, free.pop(0), threads))
            time.sleep(LOOK_SECONDS)
            for one in [one for one in working if one.process.poll() is not None]:
                working.remove(one)
                reason, dead = _ended(one, out)
                done, died = done + (not dead), died + dead
                if not done and (died == GIVE_UP or not (waiting or working)):
                    raise RunError(f"{one.cell.label}, seed {one.cell.seed}: {reason}")
                state = _state(done, len(wanted), working, len(kept), started)
                yield replace(state, ended=one.cell, failed=reason, died=dead)
            yield _state(done, len(wanted), working, len(kept), started)
    finally:
        for one in working:
            one.process.kill()
            one.process.wait()


def _places(device: str, jobs: int, most: int) -> list[str]:
    """The device of each process that may run at once."""
    found = [device]
    if device in ("auto", "cuda"):
        from simssl_core.runtime.devices import available

        found = [name for name in available() if name.startswith("cuda")] or [device if device == "cuda" else "cpu"]
    count = jobs or (cores() if found == ["cpu"] else len(found))
    return [found[k % len(found)] for k in range(max(1, min(count, most)))]


def _start(cell: Cell, out: Path, device: str, threads: int) -> RunningCell:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = start_module(MODULE, threads=threads, text=True, **pipes)  # Ctrl-C is for the study, which ends its cells
    train = cell.config.train.model_copy(update={"threads": threads})
    config = cell.config.model_copy(update={"train": train}).model_dump(mode="json")
    how = {"validation": cell.validation, "layers": cell.layers, "device": device}
    json.dump({"config": config, "out": str(out.resolve()), **how}, process.stdin)
    process.stdin.close()
    working = RunningCell(cell, process, device)
    working.listen()
    return working


def _ended(one: RunningCell, out: Path) -> tuple[str | None, bool]:
    """Why the training of a cell failed, if it did; and whether its process died, so that there is no result."""
    path = one.cell.file(out)
    if one.process.returncode or not path.exists():
        words = "".join(one.said).strip().splitlines()
        last = words[-1] if words else f"its process ended with code {one.process.returncode}"
        return last.removeprefix("error: "), True
    return plan.read(path).get("failed"), False


def _state(done: int, total: int, working: Sequence[RunningCell], kept: int, started: float) -> State:
    worth = done + 0.9 * sum(one.share for one in working)  # the rest of a cell is its measurement
    fresh = worth - kept
    left = (time.monotonic() - started) * (total - worth) / fresh if fresh > 0.2 else None
    return State(done, total, worth / max(1, total), left)
