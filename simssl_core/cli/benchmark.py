"""``bench``: measure the lab's speed on this machine, with the options of :mod:`simssl_core.bench`."""

from __future__ import annotations

import argparse
from typing import Any

from simssl_core import bench

HELP = "measure the lab's speed on this machine against the conventional pipeline"


def add(commands: Any) -> None:
    """Add the command; :mod:`simssl_core.bench` declares its options."""
    parser = commands.add_parser("bench", help=HELP, description=HELP)
    bench.add_arguments(parser)
    parser.set_defaults(do=run, prog=parser.prog)


def run(arguments: argparse.Namespace) -> int:
    """Call the benchmark, which prepares its own environment."""
    return bench.main(arguments.given, arguments.prog)
