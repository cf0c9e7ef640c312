"""How child processes are started, and where the lab's own files lie. Torch-free.

Every child process is a module that runs with the same Python as this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from simssl_core.runtime.environment import training_environment

_PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = _PACKAGE.parent  # the folder that must be on Python's search path: a checkout, or site-packages
INSTALLED = (_PACKAGE / "_lab").is_dir()  # a wheel holds the pages in this folder (see pyproject.toml)
LAB = _PACKAGE / "_lab" if INSTALLED else PROJECT  # the folder of app.py, pages, .streamlit and the shipped runs


def child_environment(threads: int = 0) -> dict[str, str]:
    """This process's environment, with the variables for training and with the lab on Python's search path.

    ``threads`` is the number of CPU threads to compute with; 0 means all cores but one.
    """
    environment = {**os.environ, **training_environment(threads)}
    if not INSTALLED:  # an installed lab is on the path; site-packages must not come before the standard library
        inherited = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(PROJECT), inherited] if inherited else [str(PROJECT)])
    return environment


def start_module(
    module: str,
    *arguments: str,
    threads: int = 0,
    log: Path | None = None,
    own_session: bool = True,
    **pipes: Any,
) -> subprocess.Popen:
    """Start ``python -m module arguments`` and return at once.

    With a ``log``, all output is appended to that file and the process gets no input, so that it can outlive its
    parent. With ``own_session``, Ctrl-C in a terminal does not reach it. ``pipes`` are arguments of
    :class:`subprocess.Popen`. The working folder is not searched for modules (-P), because it is the user's and may
    hold, for example, a ``random.py``.

    Raises:
        OSError: the process cannot be started, or the log cannot be written.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    options = {"env": child_environment(threads), "start_new_session": own_session, **pipes}
    if log is None:
        return subprocess.Popen(command, **options)
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
