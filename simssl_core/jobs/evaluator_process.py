"""The evaluator's own program: ``python -m simssl_core.jobs.evaluator_process``.

It is started by :mod:`simssl_core.jobs.evaluator`.

Reads jobs from its input, writes results to its output, ends when its input does. UMAP is compiled in the background at
the start (10 s or more); until it is ready frames hold the PCA alone and are completed afterwards.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from simssl_core.jobs.messages import Job, Layouts, Result

if TYPE_CHECKING:
    from simssl_core.evaluation.measurement import Encodings, Measurement

MOST_PENDING = 8  # frames of one run kept to be completed once UMAP is compiled


class WarmUp(threading.Thread):
    """Imports and compiles UMAP beside the measurements. ``SIMSSL_MAP=pca`` leaves it out."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.wanted = os.environ.get("SIMSSL_MAP", "").lower() != "pca"
        self.ready = False
        self.trouble: str | None = None
        self._used = 0.0

    def run(self) -> None:
        """Compile; whatever goes wrong, measurements go on without."""
        try:
            from simssl_core.latent.projection import Projector

            Projector().warm_up()
            self.ready = True
        except Exception as error:  # a map without UMAP is better than no measurements
            self.trouble = f"UMAP cannot be used ({type(error).__name__}: {error}); the map shows the PCA alone"
        self._used = time.thread_time()

    @property
    def cpu(self) -> float:
        """CPU seconds used so far."""
        if self.ident is None or not self.is_alive() or not hasattr(time, "pthread_getcpuclockid"):
            return self._used
        with suppress(OSError):
            return time.clock_gettime(time.pthread_getcpuclockid(self.ident))
        return self._used


class Measurements:
    """Carries out jobs; remembers each run's last layouts, so that the map moves and does not jump."""

    def __init__(self, warm: WarmUp) -> None:
        self._warm = warm
        self._projectors: dict[str, object] = {}
        self._last: dict[str, Layouts] = {}
        self._pending: dict[str, list[tuple[int, object]]] = {}
        self._told = False

    def do(self, job: Job) -> Result:
        """Measure; whatever goes wrong is told and not raised."""
        started = self._used
        measurement, trouble = _measure(job.encodings)
        measured, frames = self._used, []
        if measurement is not None:
            try:
                frames = self._frames(job)
            except Exception as error:
                traceback.print_exc()
                trouble = trouble or f"the map could not be drawn ({type(error).__name__}: {error})"
        compiled = None
        if not self._told and (self._warm.ready or self._warm.trouble):
            self._told, compiled = True, self._warm.cpu
            trouble = trouble or self._warm.trouble
        cpu, mapping = max(0.0, self._used - started), max(0.0, self._used - measured)
        return Result(job.label, job.step, measurement, tuple(frames), cpu, mapping, self._owed, compiled, trouble)

    @property
    def _used(self) -> float:
        """CPU seconds of this process, UMAP's compilation apart."""
        return time.process_time() - self._warm.cpu

    @property
    def _owed(self) -> int:
        """Frames that wait for UMAP."""
        waits = self._warm.wanted and not self._warm.trouble
        return sum(map(len, self._pending.values())) if waits else 0

    def _frames(self, job: Job) -> list[tuple[int, Layouts]]:
        """The frames that are complete now: of this job, and of earlier ones that waited for UMAP."""
        from simssl_core.latent.projection import Projector

        projector = self._projectors.setdefault(job.label, Projector())
        last = self._last.setdefault(job.label, dict(job.previous or {}))
        if job.encodings.full and self._warm.wanted:
            self._warm.join()
        now = {"pca": projector.pca(job.encodings.features.map, last.get("pca"))}
        last["pca"] = now["pca"]
        pending = self._pending.setdefault(job.label, [])
        pending.append((job.step, job.encodings.features.map, now["pca"]))
        if not self._warm.ready:
            if len(pending) > MOST_PENDING:
                del pending[1:-1:2]
            return [(job.step, now)]
        done = []
        for step, features, pca in pending:
            last["umap"] = projector.umap(features, last.get("umap"))
            done.append((step, {"umap": last["umap"], "pca": pca}))
        pending.clear()
        if job.encodings.full:
            done[-1][1]["umap3"] = projector.umap3(job.encodings.features.map)
        return done


def _measure(encodings: Encodings) -> tuple[Measurement | None, str | None]:
    """What can be measured of ``encodings`` (of full ones also how far off each score could be), and what failed."""
    measurement, task = None, "importing what measures"
    try:
        from simssl_core.evaluation.measurement import measure

        for stage in measure(encodings, intervals=encodings.full):
            measurement, task = stage.measurement, stage.task
    except Exception as error:
        traceback.print_exc()
        return measurement, f"a measurement failed at '{task}' ({type(error).__name__}: {error})"
    return measurement, None


def main() -> None:
    """Serve until the input ends."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the results
    with suppress(OSError, AttributeError):
        os.nice(5)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, jobs), daemon=True).start()
    warm = WarmUp()
    if warm.wanted:
        warm.start()
    with suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    measurements = Measurements(warm)
    while True:
        pickle.dump(measurements.do(jobs.get()), results, protocol=pickle.HIGHEST_PROTOCOL)
        results.flush()


def _read(source: BinaryIO, jobs: queue.SimpleQueue) -> None:
    """Put what arrives into the queue; the end of the input is the end of the process, whatever it is busy with."""
    while True:
        try:
            jobs.put(pickle.load(source))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


if __name__ == "__main__":
    main()
