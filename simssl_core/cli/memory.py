"""``memory``: learn what a run's representation still remembers, as a decoder kept with the run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from simssl_core.cli import options

HELP = "learn a memory decoder: it draws what a run's representation still holds"


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("memory", help=HELP, description=f"{HELP}. Kept as memory.safetensors with each run.")
    parser.add_argument("runs", nargs="+", metavar="run", help="runs by name (see 'list') or folder")
    parser.add_argument("--seconds", type=float, default=40.0, help="time for each run (default: 40)")
    parser.add_argument("--again", action="store_true", help="also where one that fits is there already")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument("--path", metavar="PATH", help="where the runs' own images lie now (folder and parquet data)")
    options.add_root(parser)
    parser.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Learn one after the other."""
    options.prepare_environment()
    from simssl_core.analysis import memory_decoders

    folders = [options.run_folder(name, chosen.root) for name in chosen.runs]
    rows = []
    for folder in folders:
        if chosen.again or memory_decoders.memory_status(folder) != "ready":
            where = {"path": chosen.path} if chosen.path else None
            for moment in memory_decoders.learn(folder, chosen.seconds, device=chosen.device, data=where):
                _show(f"{folder.name}: {moment.share:4.0%}, step {moment.step:,}, loss {moment.loss:.4f} per pixel")
            print(file=sys.stderr)
        found = memory_decoders.memory_info(folder)
        size = (folder / memory_decoders.FILE).stat().st_size
        rows.append(
            {"run": folder.name, "step": found.step, "seconds": found.seconds, "loss": found.loss, "bytes": size}
        )
    if chosen.json:
        options.print_json({"runs": rows})
    else:
        options.print_table(rows)
    return 0


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
