"""The training process: ``python -m simssl_core.jobs.worker <race> --root R [--resume]``.

Started by :mod:`simssl_core.jobs.launcher`, which gives it the environment that torch must find when it is imported.
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
    """SIGTERM and SIGINT mean: save and stop."""

    def __init__(self) -> None:
        self.seen = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.seen = True

    def __call__(self) -> bool:
        return self.seen


def main(arguments: list[str] | None = None) -> int:
    """Train one registered race to its end; 0 if it ended as it should, 2 if it failed with a reason."""
    parser = argparse.ArgumentParser(description="Train a race that the launcher has registered.")
    parser.add_argument("race")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    chosen = parser.parse_args(arguments)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    stop = StopSignal()
    try:
        file = race_file.read(chosen.root, chosen.race)
        for _ in run_race(file.config, chosen.root, race=file, resume=chosen.resume, queue=True, interrupted=stop):
            pass
    except LabError as error:
        print(error, file=sys.stderr)
        with suppress(LabError):  # a race that could not even begin
            row = Store(chosen.root).race(chosen.race)
            if row is not None and row.status in ("queued", "starting"):
                Store(chosen.root).update_race(chosen.race, status="failed", reason=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
