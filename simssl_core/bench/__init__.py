"""``python -m simssl_core bench``: the lab's speed, as ratios to a conventional pipeline timed on the same machine.

Importing this module is quick and does not import torch, because torch reads environment variables when it is imported.
:func:`main` sets them first and starts a new process for the measurement.
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
    """Add the options of ``bench`` to ``parser``."""
    parser.add_argument("--quick", action="store_true", help="short segments and a small ResNet: rough figures only")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument(
        "--only",
        default=",".join(PARTS),
        metavar="PARTS",
        help=f"parts to run, comma-separated: {', '.join(PARTS)}",
    )


def parts(text: str) -> tuple[str, ...]:
    """Split ``"mnist,data"`` into ("mnist", "data").

    Raises:
        ConfigError: no part is named, or one that does not exist.
    """
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        raise ConfigError(
            f"--only {text!r}: there is no part {', '.join(unknown) or '(empty)'}; parts: {', '.join(PARTS)}"
        )
    return names


def environment() -> dict[str, str]:
    """The variables that the measuring process needs: passive waiting for both sides, and one thread per core."""
    return training_environment(cores())


def is_set() -> bool:
    """Whether this process was started with the variables of :func:`environment`, which torch reads when imported."""
    return all(os.environ.get(name) == value for name, value in environment().items())


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in this process. Returns a mapping that JSON can hold; ``text`` is the report for a person.

    Raises:
        ConfigError: an unknown part.
    """
    from simssl_core.bench import everything  # imports torch

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    return everything.run(parts(arguments.only), quick=arguments.quick, say=say)


def main(arguments: list[str] | None = None, prog: str = "python -m simssl_core.bench") -> int:
    """Run the command and return its exit code; ``prog`` is the name that its help shows.

    If this process lacks the variables of :func:`environment`, a new process that has them does the work.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Measure how fast the lab is on this machine.")
    add_arguments(parser)
    texts = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(texts)
    try:
        parts(options.only)
        if not is_set():
            return _run_in_new_process(texts)
        result = run(options)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    report = result.pop("text")
    print(json.dumps(result, indent=2) if options.json else report)
    return 0


def _run_in_new_process(arguments: list[str]) -> int:
    """Run the command again in a process with the right environment; returns that process's exit code."""
    with start_module("simssl_core.bench", *arguments, threads=cores(), own_session=False) as child:
        return child.wait()
