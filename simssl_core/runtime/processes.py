"""The one way to start a child process: a module of this package, run by this Python. Torch-free."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from simssl_core.runtime.environment import training_environment

PROJECT = Path(__file__).resolve().parents[2]  # the folder that holds simssl_core, pages and app.py


def child_environment(threads: int = 0) -> dict[str, str]:
    """This process's environment with what a training must find in it, and with the lab on Python's search path.

    ``threads``: CPU threads to compute with; 0 takes all cores but one.
    """
    search = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **training_environment(threads), "PYTHONPATH": os.pathsep.join(search)}


def start_module(
    module: str,
    *arguments: str,
    threads: int = 0,
    log: Path | None = None,
    own_session: bool = True,
    **pipes: Any,
) -> subprocess.Popen:
    """Start ``python -m module arguments`` and return at once.

    ``log``: append all output to this file and give no input, so that the process outlives whoever started it.
    ``own_session``: Ctrl-C in a terminal does not reach it. ``pipes`` are those of :class:`subprocess.Popen`.

    Raises:
        OSError: the system refuses, or the log cannot be written.
    """
    command = [sys.executable, "-m", module, *arguments]
    options = {"env": child_environment(threads), "start_new_session": own_session, **pipes}
    if log is None:
        return subprocess.Popen(command, **options)
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
