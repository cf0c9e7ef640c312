"""``python -m simssl_core bench``: how fast the lab is, as ratios against the conventional pipeline beside it.

Importing this is quick and does not import torch: the environment that torch must find is set first, in a process of
its own (see :func:`main`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from simssl_core.errors import ConfigError, LabError
from simssl_core.runtime.environment import cores, training_environment
from simssl_core.runtime.processes import start_module

PARTS = ("mnist", "cifar", "data", "probes", "gpu")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``bench`` understands."""
    parser.add_argument("--quick", action="store_true", help="short segments and a small ResNet: a look, not a result")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument(
        "--only", default=",".join(PARTS), metavar="PARTS", help=f"some of {', '.join(PARTS)}, with commas between"
    )


def parts(text: str) -> tuple[str, ...]:
    """``"mnist,data"`` → ("mnist", "data"). Raises ConfigError for a part that does not exist."""
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in PARTS]
    if unknown or not chosen:
        raise ConfigError(
            f"--only {text!r}: there is no part {', '.join(unknown) or '(empty)'}; parts: {', '.join(PARTS)}"
        )
    return chosen


def environment() -> dict[str, str]:
    """What the measuring process must find: passive waiting for both sides, and as many threads as there are cores."""
    return training_environment(cores())


def is_set() -> bool:
    """Whether this process was started with what :func:`environment` asks for (it is read when torch is imported)."""
    return all(os.environ.get(name) == value for name, value in environment().items())


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in this process; the result as one JSON-able mapping, with the report for a person under ``text``.

    Raises:
        ConfigError: an unknown part.
    """
    from simssl_core.bench import everything  # imports torch

    chosen = parts(arguments.only)
    return everything.run(chosen, quick=arguments.quick, say=lambda text: print(text, file=sys.stderr, flush=True))


def main(arguments: list[str] | None = None, prog: str = "python -m simssl_core.bench") -> int:
    """The command; ``prog`` is its name in its help. Starts itself again in a process with passive OpenMP waiting where
    this one waits otherwise."""
    parser = argparse.ArgumentParser(prog=prog, description="Measure how fast the lab is here.")
    add_arguments(parser)
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser.parse_args(given)
    try:
        parts(chosen.only)
        if not is_set():
            return _again(given)
        result = run(chosen)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    report = result.pop("text")
    print(json.dumps(result, indent=2) if chosen.json else report)
    return 0


def _again(arguments: list[str]) -> int:
    with start_module("simssl_core.bench", *arguments, threads=cores(), own_session=False) as child:
        return child.wait()
