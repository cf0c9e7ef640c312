"""The training process: ``python -m simssl_core.jobs.worker <race> --root R [--resume]``.

:mod:`simssl_core.jobs.launcher` starts it, with the environment variables that torch reads when it is imported.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from simssl_core.errors import LabError
from simssl_core.jobs.session import run_race
from simssl_core.storage import race_file
from simssl_core.storage.database import Store

NICE = 10


class StopSignal:
    """Handles SIGTERM and SIGINT; calling it tells whether one has arrived, so that the race saves and stops."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)

    def _receive(self, *_: object) -> None:
        self.received = True

    def __call__(self) -> bool:
        return self.received


def main(argv: list[str] | None = None) -> int:
    """Train one registered race to its end; 2 if it failed with a :class:`LabError`, else 0."""
    parser = argparse.ArgumentParser(description="Train a race that the launcher has registered.")
    parser.add_argument("race")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    arguments = parser.parse_args(argv)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    stop = StopSignal()
    try:
        file = race_file.read(arguments.root, arguments.race)
        reports = run_race(
            file.config, arguments.root, race_file=file, resume=arguments.resume, queue=True, interrupted=stop
        )
        for _ in reports:
            pass
    except LabError as error:
        print(error, file=sys.stderr)
        with suppress(LabError):  # the session has not recorded the failure if it came before the start
            store = Store(arguments.root)
            row = store.race(arguments.race)
            if row is not None and row.status in ("queued", "starting"):
                store.update_race(arguments.race, status="failed", reason=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
