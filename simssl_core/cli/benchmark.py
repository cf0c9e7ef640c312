"""``bench``: how fast the lab is on this machine; its options are those of :mod:`simssl_core.bench`."""

from __future__ import annotations

import argparse
from typing import Any

from simssl_core import bench

HELP = "measure the lab's speed on this machine against the conventional pipeline"


def add(commands: Any) -> None:
    """Declare the command; the options are the benchmark's own."""
    parser = commands.add_parser("bench", help=HELP, description=HELP)
    bench.add_arguments(parser)
    parser.set_defaults(do=run, prog=parser.prog)


def run(chosen: argparse.Namespace) -> int:
    """Hand over to the benchmark, which sees to its own environment."""
    return bench.main(chosen.given, chosen.prog)
