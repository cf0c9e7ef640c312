"""One race from start to end, as a generator that both the worker and the shell iterate.

The session holds the race's lease, trains, carries out commands, measures, saves, and records how the race ended, also
after an error. Importing this module does not import torch, so a worker that waits in the queue needs little memory.
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

StopCheck = Callable[[], bool]
COMMAND_SECONDS = 0.2  # between two looks for commands
LONG = 600.0  # seconds that loading, saving or a final measurement may take without a heartbeat


def _never() -> bool:
    return False


def run_race(
    config: RunConfig,
    root: str | os.PathLike | None = None,
    *,
    race_file: RaceFile | None = None,
    resume: bool = False,
    queue: bool = False,
    final: bool = True,
    interrupted: StopCheck = _never,
) -> Iterator[Report]:
    """Train ``config`` in this process, yielding a :class:`Report` after every step and a last one at the end.

    Closing the generator saves and stops the race.

    Args:
        race_file: the file of a race that the launcher has registered; None registers a new race, so that pages list
            it.
        resume: continue from the last checkpoint.
        queue: wait for a free worker slot; otherwise start at once.
        final: measure every member in full at the end.
        interrupted: called after every step; when it returns true, the race saves and stops.

    Raises:
        LabError: the race cannot start or continue; store and records hold the reason. A new race that cannot be built
            writes nothing.
    """
    root = paths.root(root)
    race = None
    if race_file is None:
        from simssl_core.jobs.resume import build

        launcher.validate(config, root)
        race = build(config)
        race_file = launcher.register(config, root, status="starting")
        race.config = race_file.config
    return Session(root, race_file, race, resume, queue, final, interrupted).run()


class Session:
    """The state of one race while it is under way; for the arguments see :func:`run_race`."""

    def __init__(
        self,
        root: Path,
        file: RaceFile,
        race: Race | None,
        resume: bool,
        queue: bool,
        final: bool,
        interrupted: StopCheck,
    ) -> None:
        self.root, self.file, self.race = root, file, race
        self.resume, self.queue, self.final = resume, queue, final
        self.interrupted = interrupted
        self.recorder = Recorder(root, file)
        self.live_evaluation: LiveEvaluation | None = None
        self.status = "starting"
        self._lease = Lease(paths.lease_file(root, file.race))
        self._place = Place(root, file, self.recorder.store)
        self.commands = CommandHandler(root, file, self.recorder)
        self._start_clocks()

    def _start_clocks(self) -> None:
        """Set the times (monotonic) of the last look for commands, the last save and the last step to now."""
        self._last_look = self._last_save = self._last_step = time.monotonic()

    # -- course ---------------------------------------------------------------------------------------------------

    def run(self) -> Iterator[Report]:
        """Run the whole race; see :func:`run_race`."""
        if not self._lease.take(wait=2.0):
            raise RunError(f"'{self.file.race}' is being trained by another process.")
        try:
            self.recorder.beat(
                force=True, patience=LONG, pid=os.getpid(), status="queued" if self.queue else "starting"
            )
            yield from self._phases()
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
            reason = (
                f"An unexpected error ended the training ({type(error).__name__}: {_one_line(error)}). Details: {log}"
            )
            self._fail(reason)
            raise RunError(reason) from error
        finally:
            if self.live_evaluation is not None:
                self.live_evaluation.close()
            self._place.release()
            self._lease.release()

    def _phases(self) -> Iterator[Report]:
        """Wait for a slot, build the race, train, measure and finish."""
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
        """Stop if asked to; else replay changes, measure, carry out commands and save, whatever is due."""
        now = time.monotonic()
        if self.interrupted():
            self.status = "stopped"
            return
        self.commands.replay()
        self.live_evaluation.tick()
        if now - self._last_look >= COMMAND_SECONDS:
            self._last_look = now
            self.status = self.commands.handle(self.status)
            self.recorder.flush()
            self.recorder.beat(self.race, patience=max(20.0, 5 * (now - self._last_step)))
        if now - self._last_save >= self.race.config.train.checkpoint_seconds:
            self._save()
        self._last_step = now

    def _pause(self) -> Iterator[Report]:
        """Wait for a command, with the worker slot free for other races, and wait for a slot again on resume."""
        self._save("paused")
        self._set("paused")
        self.recorder.event("pause", f"paused at step {self.race.step}", step=self.race.step)
        self._place.release()
        while self.status == "paused":
            time.sleep(0.1)
            if self.interrupted():
                self.status = "stopped"
            self.status = self.commands.handle(self.status)
            self.live_evaluation.tick_results()
            self.recorder.flush()
            self.recorder.beat(self.race)
            yield self._report()
        if self.status == "training":
            yield from self._wait_for_place()
        if self.status == "training":
            self._set("training")
            self.recorder.event("resume", f"resumed at step {self.race.step}", step=self.race.step)

    def _wait_for_place(self) -> Iterator[Report]:
        """Wait until a worker slot is free and no older race waits for one; meanwhile the status is queued."""
        status = self.status
        if not self.queue:
            self._place.take_any()
            return
        while not self._place.take_in_turn():
            if self.status != "queued":
                self._set("queued")
            self.recorder.beat(patience=60)
            self.status = self.commands.handle(self.status)
            if self.interrupted() or self.status == "stopped":
                self.status = "stopped"
                return
            yield self._report()
            time.sleep(0.3)
        self.status = status

    def _measure_at_end(self) -> Iterator[Report]:
        """Save, and measure every member in full; a stop skips the measurements that remain."""
        self._save()
        if self.final:
            self.recorder.beat(self.race, force=True, patience=LONG)
            for label in self.live_evaluation.final():
                self._last_look = time.monotonic()
                self.status = self.commands.handle(self.status)
                self.recorder.flush()
                self.recorder.beat(self.race, patience=LONG)
                if self.status == "stopped" or self.interrupted():
                    self.recorder.event("stop", "the final measurement was skipped", step=self.race.step)
                    break
                yield self._report(measuring=label)
        self.status = "training"

    # -- start ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Build the race unless it was passed in, restore it on resume, and write the first files."""
        from simssl_core.jobs.live_evaluation import LiveEvaluation
        from simssl_core.jobs.resume import build, restore_race

        self.race = self.race or build(self.file.config)
        self.commands.race = self.race
        if self.resume:
            restore_race(self.race, self.recorder)
        self.recorder.save(self.race)
        self.live_evaluation = LiveEvaluation(self.race, self.recorder)
        self.commands.replay()
        kind, text = ("resume", "resumed") if self.resume else ("start", "started")
        text = f"{text} on {self.race.device} at step {self.race.step}"
        self.recorder.event(kind, text, step=self.race.step)
        self._start_clocks()

    # -- ends -----------------------------------------------------------------------------------------------------

    def _save(self, status: str = "training") -> None:
        self.recorder.beat(self.race, force=True, patience=LONG)
        self.recorder.save(self.race, status)
        self._last_save = time.monotonic()

    def _finish(self, status: str, text: str) -> None:
        """Save the race, and record its end as its status and as an event with this text."""
        self.status = status
        if self.race is not None and self.recorder.records:
            self.recorder.save(self.race, status)
        self.recorder.flush(force=True)
        self.recorder.event(
            "finish" if status == "finished" else "stop", text, step=self.race.step if self.race else None
        )
        self._set(status)

    def _fail(self, reason: str) -> None:
        """Record why the race failed, as far as store and disk can still be written."""
        self.status = "failed"
        try:
            self.recorder.flush(force=True)
            self.recorder.event("failed", reason, step=self.race.step if self.race else None)
            self._set("failed", reason=reason)
            self.recorder.fail_all(reason)
        except (LabError, OSError):
            self._log()

    def _abandon(self) -> None:
        """Record an interruption in the middle of a step. Nothing is saved: the state in memory is inconsistent."""
        self.recorder.flush(force=True)
        if self.race is not None:
            self.recorder.mark(self.race, "stopped")
        self._set("stopped", reason="interrupted in the middle of a step; it can be resumed from its last checkpoint")

    def _set(self, status: str, **fields: object) -> None:
        """Set the race's status here and in the store; the reason is cleared unless ``fields`` holds one."""
        self.status = status
        patience = 20.0 if status in ("training", "paused") else LONG
        self.recorder.beat(self.race, status=status, patience=patience, **({"reason": None} | fields))

    def _log(self) -> None:
        """Append the traceback of the present exception to the race's log."""
        with open(paths.log_file(self.root, self.file.race), "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)

    def _report(self, terms: dict | None = None, measuring: str | None = None) -> Report:
        race, file = self.race, self.file
        if race is None:
            return Report(file.race, file.runs, self.status)
        return Report(
            file.race,
            file.runs,
            self.status,
            step=race.step,
            seconds=race.elapsed,
            done=race.done,
            views_per_second=race.views_per_second,
            terms=terms,
            scores=self.recorder.scores,
            failed=race.failed,
            measuring=measuring,
        )


def _one_line(error: BaseException) -> str:
    """The first 300 characters of the error's text, without line breaks."""
    return " ".join(str(error).split())[:300]
