"""The program of the evaluator process, ``python -m simssl_core.jobs.evaluator_process``.

:mod:`simssl_core.jobs.evaluator` starts it. It reads jobs from its input, writes results to its output and ends when
its input ends. UMAP is compiled in the background at the start (10 s or more); until that is done, frames hold only the
PCA, and UMAP is added to them afterwards.
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
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from simssl_core.jobs.messages import Job, Layouts, Result

if TYPE_CHECKING:
    import numpy as np

    from simssl_core.evaluation.measurement import Encodings, Measurement

MOST_PENDING = 8  # frames of one run that are kept until UMAP can be added to them


class WarmUp(threading.Thread):
    """Imports and compiles UMAP in a thread beside the measurements, unless ``SIMSSL_MAP`` is ``pca``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.wanted = os.environ.get("SIMSSL_MAP", "").lower() != "pca"
        self.ready = False
        self.trouble: str | None = None
        self._used = 0.0

    def run(self) -> None:
        """Compile UMAP. If that fails, measurements continue without it."""
        try:
            from simssl_core.latent.projection import Projector

            Projector().warm_up()
            self.ready = True
        except Exception as error:  # a map without UMAP is better than no measurements
            self.trouble = f"UMAP cannot be used ({type(error).__name__}: {error}); the map shows only the PCA"
        self._used = time.thread_time()

    @property
    def cpu(self) -> float:
        """CPU seconds used so far."""
        if self.ident is None or not self.is_alive() or not hasattr(time, "pthread_getcpuclockid"):
            return self._used
        with suppress(OSError):
            return time.clock_gettime(time.pthread_getcpuclockid(self.ident))
        return self._used


@dataclass(frozen=True)
class PendingFrame:
    """A frame that waits for UMAP: the features (N, D) of the map's points, and their PCA layout (N, 3)."""

    step: int
    features: np.ndarray
    pca: np.ndarray


class Measurements:
    """Carries out jobs. Keeps each run's last layouts, from which the next start, so that the map moves smoothly."""

    def __init__(self, warm_up: WarmUp) -> None:
        self._warm_up = warm_up
        self._projectors: dict[str, object] = {}
        self._last: dict[str, Layouts] = {}
        self._pending: dict[str, list[PendingFrame]] = {}
        self._compilation_reported = False

    def do(self, job: Job) -> Result:
        """Carry out ``job``. Errors are not raised but described in the result's ``trouble``."""
        started = self._used
        measurement, trouble = _measure(job.encodings)
        measured = self._used
        frames: list[tuple[int, Layouts]] = []
        if measurement is not None:
            try:
                frames = self._frames(job)
            except Exception as error:
                traceback.print_exc()
                trouble = trouble or f"the map could not be drawn ({type(error).__name__}: {error})"
        compiled = None
        if not self._compilation_reported and (self._warm_up.ready or self._warm_up.trouble):
            self._compilation_reported = True
            compiled = self._warm_up.cpu
            trouble = trouble or self._warm_up.trouble
        return Result(
            job.label,
            job.step,
            measurement,
            tuple(frames),
            cpu=max(0.0, self._used - started),
            mapping=max(0.0, self._used - measured),
            owed=self._owed,
            compiled=compiled,
            trouble=trouble,
        )

    @property
    def _used(self) -> float:
        """CPU seconds of this process without the compilation of UMAP."""
        return time.process_time() - self._warm_up.cpu

    @property
    def _owed(self) -> int:
        """The number of frames, of all runs, that wait for UMAP."""
        expected = self._warm_up.wanted and not self._warm_up.trouble
        return sum(map(len, self._pending.values())) if expected else 0

    def _frames(self, job: Job) -> list[tuple[int, Layouts]]:
        """``(step, layouts)`` of this job's frame and, once UMAP is compiled, of the frames that waited for it."""
        from simssl_core.latent.projection import Projector

        projector = self._projectors.setdefault(job.label, Projector())
        last = self._last.setdefault(job.label, dict(job.previous or {}))
        if job.encodings.full and self._warm_up.wanted:
            self._warm_up.join()
        features = job.encodings.features.map
        last["pca"] = projector.pca(features, last.get("pca"))
        pending = self._pending.setdefault(job.label, [])
        pending.append(PendingFrame(job.step, features, last["pca"]))
        if not self._warm_up.ready:
            if len(pending) > MOST_PENDING:
                del pending[1:-1:2]
            return [(job.step, {"pca": last["pca"]})]
        frames = []
        for frame in pending:
            last["umap"] = projector.umap(frame.features, last.get("umap"))
            frames.append((frame.step, {"umap": last["umap"], "pca": frame.pca}))
        pending.clear()
        if job.encodings.full:
            _, layouts = frames[-1]
            layouts["umap3"] = projector.umap3(features)
        return frames


def _measure(encodings: Encodings) -> tuple[Measurement | None, str | None]:
    """Measure ``encodings``, full ones with confidence intervals; returns the measurement and what failed, or None."""
    measurement, task = None, "importing the measurements"
    try:
        from simssl_core.evaluation.measurement import measure

        for stage in measure(encodings, intervals=encodings.full):
            measurement, task = stage.measurement, stage.task
    except Exception as error:
        traceback.print_exc()
        return measurement, f"a measurement failed at '{task}' ({type(error).__name__}: {error})"
    return measurement, None


def main() -> None:
    """Carry out jobs until the input ends."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # text that a library prints goes to the log and not among the results
    with suppress(OSError, AttributeError):
        os.nice(5)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, jobs), daemon=True).start()
    warm_up = WarmUp()
    if warm_up.wanted:
        warm_up.start()
    with suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    measurements = Measurements(warm_up)
    while True:
        pickle.dump(measurements.do(jobs.get()), results, protocol=pickle.HIGHEST_PROTOCOL)
        results.flush()


def _read(source: BinaryIO, jobs: queue.SimpleQueue) -> None:
    """Put arriving jobs into the queue. When the input ends, end the process at once, even during a measurement."""
    while True:
        try:
            jobs.put(pickle.load(source))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


if __name__ == "__main__":
    main()
