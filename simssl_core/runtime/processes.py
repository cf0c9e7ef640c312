"""The one way to start a child process: a module, run by this Python; and where the lab's own files lie. Torch-free."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from simssl_core.runtime.environment import training_environment

_PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = _PACKAGE.parent  # what must be on Python's search path: a checkout, or site-packages
INSTALLED = (_PACKAGE / "_lab").is_dir()  # unpacked from a wheel, which keeps the web side in there (pyproject.toml)
LAB = _PACKAGE / "_lab" if INSTALLED else PROJECT  # the folder of app.py, pages, .streamlit and the shipped runs


def child_environment(threads: int = 0) -> dict[str, str]:
    """This process's environment with what a training must find in it, and with the lab on Python's search path.

    ``threads``: CPU threads to compute with; 0 takes all cores but one.
    """
    inherited = os.environ.get("PYTHONPATH")
    if INSTALLED:  # found without help, and site-packages must not come before the standard library
        search = [inherited] if inherited else []
    else:
        search = [str(PROJECT), inherited] if inherited else [str(PROJECT)]
    path = {"PYTHONPATH": os.pathsep.join(search)} if search else {}
    return {**os.environ, **training_environment(threads), **path}


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
    The working folder is not searched for modules (-P): it is the user's, and may hold a ``random.py``.

    Raises:
        OSError: the system refuses, or the log cannot be written.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    options = {"env": child_environment(threads), "start_new_session": own_session, **pipes}
    if log is None:
        return subprocess.Popen(command, **options)
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
