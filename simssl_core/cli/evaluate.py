"""``evaluate``: measure a trained run again."""

from __future__ import annotations

import argparse
from typing import Any

from simssl_core.cli import options

HELP = "measure a trained run again: content, style, geometry"


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("evaluate", help=HELP, description=f"{HELP}. Writes nothing unless --save is given.")
    options.add_run(parser)
    parser.add_argument("--full", action="store_true", help="also the slow ones: MLP and Euclidean probes, clustering")
    parser.add_argument("--save", action="store_true", help="keep the scores in the run's record")
    parser.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Measure and print."""
    options.prepare_environment()
    folder = options.run_folder(chosen.run, chosen.root)
    from simssl_core.runs.evaluating import evaluate, keep

    scores = evaluate(folder, chosen.full, chosen.device, {"path": chosen.path} if chosen.path else None)
    if chosen.save:
        keep(folder, scores)
    if chosen.json:
        options.print_json({"run": folder.name, "folder": str(folder), "full": chosen.full, "scores": scores})
    else:
        options.print_table([{"measure": name, "value": value} for name, value in scores.items()])
    return 0
