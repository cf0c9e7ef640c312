"""One race from start to end: the generator that the worker and the shell both iterate.

It holds the lease, trains, obeys commands, measures, saves, and whatever happens says how it ended. Importing this does
not import torch: a worker that waits in the queue is small.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simssl_core.config import RunConfig
from simssl_core.errors import LabError, RunError
from simssl_core.jobs import launcher
from simssl_core.jobs.commands import CommandHandler
from simssl_core.jobs.messages import Report
from simssl_core.jobs.queue import Place
from simssl_core.jobs.recorder import Recorder
from simssl_core.storage import paths
from simssl_core.storage.locks import Lease
from simssl_core.storage.race_file import RaceFile

if TYPE_CHECKING:
    from simssl_core.jobs.live_evaluation import LiveEvaluation
    from simssl_core.training.loop import Race

__all__ = ["Report", "Session", "run_race"]

Asked = Callable[[], bool]
COMMAND_SECONDS = 0.2
LONG = 600.0  # seconds that loading, saving or a last measurement may take without a sign of life


def run_race(
    config: RunConfig,
    root: str | os.PathLike | None = None,
    *,
    race: RaceFile | None = None,
    resume: bool = False,
    queue: bool = False,
    final: bool = True,
    interrupted: Asked = lambda: False,
) -> Iterator[Report]:
    """Train ``config`` in this process, yielding a :class:`Report` after every step and a last one at the end.

    Args:
        race: a race registered already (by the launcher); None registers a new one, so that pages see it.
        resume: go on from the last checkpoint.
        queue: wait for a free place for workers; otherwise start at once.
        final: measure every member in full at the end.
        interrupted: asked after every step; true means: save and stop.

    Closing the generator saves and stops the race.

    Raises:
        LabError: it cannot start or go on; the store and the records say why. Nothing is written if it cannot start.
    """
    where = paths.root(root)
    built = None
    if race is None:
        from simssl_core.jobs.resume import build

        launcher.validate(config, where)
        built = build(config)
        race = launcher.register(config, where, status="starting")
        built.config = race.config
    return Session(where, race, built, resume, queue, final, interrupted).run()


class Session:
    """The state of one race under way."""

    def __init__(
        self, root: Path, file: RaceFile, race: Race | None, resume: bool, queue: bool, final: bool, interrupted: Asked
    ) -> None:
        self.root, self.file, self.race, self.resume, self.queue, self.final = root, file, race, resume, queue, final
        self.interrupted = interrupted
        self.recorder = Recorder(root, file)
        self.live_evaluation: LiveEvaluation | None = None
        self.status = "starting"
        self._lease = Lease(paths.lease_file(root, file.race))
        self._place = Place(root, file, self.recorder.store)
        self.steering = CommandHandler(root, file, self.recorder)
        self._looked = self._saved = time.monotonic()
        self._stepped = self._saved

    # -- the story ------------------------------------------------------------------------------------------------

    def run(self) -> Iterator[Report]:
        """The whole race; see :func:`run_race`."""
        if not self._lease.take(wait=2.0):
            raise RunError(f"'{self.file.race}' is being trained by another process.")
        try:
            self.recorder.beat(
                force=True, patience=LONG, pid=os.getpid(), status="queued" if self.queue else "starting"
            )
            yield from self._live()
        except GeneratorExit:
            self._finish("stopped", "the program that trained it ended")
            raise
        except LabError as error:
            self._fail(str(error))
            raise
        except KeyboardInterrupt:
            self._abandon()
            raise
        except Exception as error:
            self._log()
            log = paths.log_file(self.root, self.file.race)
            reason = f"An unexpected error ended the training ({type(error).__name__}: {_line(error)}). Details: {log}"
            self._fail(reason)
            raise RunError(reason) from error
        finally:
            if self.live_evaluation is not None:
                self.live_evaluation.close()
            self._place.release()
            self._lease.release()

    def _live(self) -> Iterator[Report]:
        yield from self._wait_for_place()
        if self.status == "stopped":
            self._finish("stopped", "it was stopped before it started")
            yield self._report()
            return
        self._set("starting")
        self._prepare()
        self._set("training")
        yield self._report()
        yield from self._train()
        if self.status == "training" and not self.race.live:
            reason = "; ".join(f"{label}: {text}" for label, text in self.race.failed.items())
            self.recorder.save(self.race)
            self._fail(reason)
        elif self.status == "training":
            yield from self._measure_at_end()
            self._finish("finished", f"finished after {self.race.step} steps")
        else:
            self._finish("stopped", f"stopped at step {self.race.step}; it can be resumed")
        yield self._report()

    def _train(self) -> Iterator[Report]:
        for progress in self.race.run():
            self.recorder.progress(progress)
            if progress.failed:
                self.recorder.failures(self.race)
            self._between_steps()
            if self.status == "paused":
                yield from self._pause()
            if self.status == "stopped":
                return
            yield self._report(progress.terms)

    def _between_steps(self) -> None:
        now = time.monotonic()
        if self.interrupted():
            self.status = "stopped"
            return
        self.steering.replay()
        self.live_evaluation.tick()
        if now - self._looked >= COMMAND_SECONDS:
            self._looked = now
            self.status = self.steering.obey(self.status)
            self.recorder.flush()
            self.recorder.beat(self.race, patience=max(20.0, 5 * (now - self._stepped)))
        if now - self._saved >= self.race.config.train.checkpoint_seconds:
            self._save()
        self._stepped = now

    def _pause(self) -> Iterator[Report]:
        """Wait for the command to go on, leaving the place to whoever waits for it."""
        self._save("paused")
        self._set("paused")
        self.recorder.event("pause", f"paused at step {self.race.step}", step=self.race.step)
        self._place.release()
        while self.status == "paused":
            time.sleep(0.1)
            if self.interrupted():
                self.status = "stopped"
            self.status = self.steering.obey(self.status)
            self.live_evaluation.tick_results()
            self.recorder.flush()
            self.recorder.beat(self.race)
            yield self._report()
        if self.status == "training":
            yield from self._wait_for_place()
        if self.status == "training":
            self._set("training")
            self.recorder.event("resume", f"went on at step {self.race.step}", step=self.race.step)

    def _wait_for_place(self) -> Iterator[Report]:
        """Until one of the places for workers is free; the race that was made first goes first."""
        wanted = self.status
        if not self.queue:
            self._place.take_any()
            return
        while not self._place.take_in_turn():
            if self.status != "queued":
                self._set("queued")
            self.recorder.beat(patience=60)
            self.status = self.steering.obey(self.status)
            if self.interrupted() or self.status == "stopped":
                self.status = "stopped"
                return
            yield self._report()
            time.sleep(0.3)
        self.status = wanted

    def _measure_at_end(self) -> Iterator[Report]:
        self._save()
        if self.final:
            self.recorder.beat(self.race, force=True, patience=LONG)
            for label in self.live_evaluation.final():
                self._looked = time.monotonic()
                self.status = self.steering.obey(self.status)
                self.recorder.flush()
                self.recorder.beat(self.race, patience=LONG)
                if self.status == "stopped" or self.interrupted():
                    self.recorder.event("stop", "the last measurement was skipped", step=self.race.step)
                    break
                yield self._report(measuring=label)
        self.status = "training"

    # -- start ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Build the race unless it was handed over, put back its last checkpoint, and write the first files."""
        from simssl_core.jobs.live_evaluation import LiveEvaluation
        from simssl_core.jobs.resume import build, restore_race

        self.race = self.race or build(self.file.config)
        self.steering.race = self.race
        if self.resume:
            restore_race(self.race, self.recorder)
        self.recorder.save(self.race)
        self.live_evaluation = LiveEvaluation(self.race, self.recorder)
        self.steering.replay()
        kind, text = ("resume", "resumed") if self.resume else ("start", "started")
        text = f"{text} on {self.race.device} at step {self.race.step}"
        self.recorder.event(kind, text, step=self.race.step)
        self._saved = self._looked = self._stepped = time.monotonic()

    # -- ends -----------------------------------------------------------------------------------------------------

    def _save(self, status: str = "training") -> None:
        self.recorder.beat(self.race, force=True, patience=LONG)
        self.recorder.save(self.race, status)
        self._saved = time.monotonic()

    def _finish(self, status: str, text: str) -> None:
        self.status = status
        if self.race is not None and self.recorder.records:
            self.recorder.save(self.race, status)
        self.recorder.flush(force=True)
        self.recorder.event(
            "finish" if status == "finished" else "stop", text, step=self.race.step if self.race else None
        )
        self._set(status)

    def _fail(self, reason: str) -> None:
        """Say why it ended, wherever that can still be written."""
        self.status = "failed"
        try:
            self.recorder.flush(force=True)
            self.recorder.event("failed", reason, step=self.race.step if self.race else None)
            self._set("failed", reason=reason)
            self.recorder.fail_all(reason)
        except (LabError, OSError):
            self._log()

    def _abandon(self) -> None:
        """Stopped in the middle of a step: what is in memory is not whole, the last checkpoint is."""
        self.recorder.flush(force=True)
        if self.race is not None:
            self.recorder.mark(self.race, "stopped")
        self._set("stopped", reason="interrupted in the middle of a step; it can be resumed from its last checkpoint")

    def _set(self, status: str, **fields: object) -> None:
        self.status = status
        patience = 20.0 if status in ("training", "paused") else LONG
        self.recorder.beat(self.race, status=status, patience=patience, **({"reason": None} | fields))

    def _log(self) -> None:
        with open(paths.log_file(self.root, self.file.race), "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)

    def _report(self, terms: dict | None = None, measuring: str | None = None) -> Report:
        race, file = self.race, self.file
        if race is None:
            return Report(file.race, file.runs, self.status)
        scores = self.recorder.scores
        at = (race.step, race.elapsed, race.done, race.views_per_second)
        return Report(file.race, file.runs, self.status, *at, terms, scores, race.failed, measuring)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
