"""``memory``: train a decoder that draws what a run's representation holds, and save it with the run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from simssl_core.cli import options

HELP = "train a memory decoder, which draws what a run's representation holds"


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("memory", help=HELP, description=f"{HELP}. Saved as memory.safetensors with each run.")
    parser.add_argument("runs", nargs="+", metavar="run", help="runs by name (see 'list') or folder")
    parser.add_argument("--seconds", type=float, default=40.0, help="training time for each run (default: 40)")
    parser.add_argument("--again", action="store_true", help="train also where a valid decoder exists")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument("--path", metavar="PATH", help="where the runs' own images are now (folder and parquet data)")
    options.add_root(parser)
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Train the decoders one after the other."""
    options.prepare_environment()
    from simssl_core.analysis import memory_decoders

    folders = [options.run_folder(name, arguments.root) for name in arguments.runs]
    rows = []
    for folder in folders:
        if arguments.again or memory_decoders.memory_status(folder) != "ready":
            data = {"path": arguments.path} if arguments.path else None
            for progress in memory_decoders.learn(folder, arguments.seconds, device=arguments.device, data=data):
                _show(
                    f"{folder.name}: {progress.share:4.0%}, step {progress.step:,}, loss {progress.loss:.4f} per pixel"
                )
            print(file=sys.stderr)
        info = memory_decoders.memory_info(folder)
        size = (folder / memory_decoders.FILE).stat().st_size
        rows.append({"run": folder.name, "step": info.step, "seconds": info.seconds, "loss": info.loss, "bytes": size})
    if arguments.json:
        options.print_json({"runs": rows})
    else:
        options.print_table(rows)
    return 0


def _show(text: str) -> None:
    """Write ``text`` over the last line, if a person is looking at a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
