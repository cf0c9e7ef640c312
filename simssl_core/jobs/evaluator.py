"""The evaluator: a small process beside the trainer that turns features into scores and map frames.

It is a separate Python process, so that scikit-learn, numba and UMAP never hold the trainer's interpreter lock. It
computes with one thread. When the trainer ends, the evaluator's input ends and so does the evaluator; if only the
evaluator dies, training continues.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import threading
from contextlib import suppress
from typing import Any

from simssl_core.jobs.messages import Job, Result
from simssl_core.runtime.processes import start_module

MODULE = "simssl_core.jobs.evaluator_process"


class Evaluator:
    """The trainer's handle on the process: :meth:`submit` one job at a time, then :meth:`poll`. Neither blocks."""

    def __init__(self) -> None:
        self._child = start_module(MODULE, threads=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._results: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self.busy = False
        self.dead = False

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._child.pid

    def submit(self, job: Job) -> None:
        """Send a job. Raises RuntimeError if the evaluator is :attr:`busy`."""
        if self.busy:
            raise RuntimeError("the evaluator already has a job")
        self.busy = True
        threading.Thread(target=self._exchange, args=(job,), daemon=True).start()

    def poll(self) -> Result | None:
        """The result once it has arrived, else None; sets :attr:`dead` if the process has ended instead."""
        try:
            result = self._results.get_nowait()
        except queue.Empty:
            self.dead = self.dead or self._child.poll() is not None
            self.busy = self.busy and not self.dead
            return None
        self.busy = False
        self.dead = self.dead or result is None
        return result

    def close(self) -> None:
        """End the process."""
        self.dead, self.busy = True, False
        with suppress(OSError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                pipe.close()

    def _exchange(self, job: Job) -> None:
        # Both processes belong to this program and share an anonymous pipe: no foreign data can be unpickled.
        try:
            pickle.dump(job, self._child.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._child.stdin.flush()
            result: Any = pickle.load(self._child.stdout)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            result = None
        self._results.put(result)
