"""``list``: print the objectives, data sets, presets and runs."""

from __future__ import annotations

import argparse
import os
from typing import Any

from simssl_core import library
from simssl_core.cli import options
from simssl_core.config import DataConfig
from simssl_core.data import catalog
from simssl_core.errors import DataError
from simssl_core.storage import paths

HELP = "list objectives, data sets, presets and runs"
MOST_SCORES = 4  # beside name, status, step and reason
PARTS = ("objectives", "data", "presets", "runs")


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("list", help=HELP, description=HELP)
    parser.add_argument("what", nargs="?", choices=PARTS, help="list only these (default: all)")
    options.add_root(parser)
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the lists."""
    names = (arguments.what,) if arguments.what else PARTS
    makers = {"objectives": _objectives, "data": _data, "presets": _presets, "runs": lambda: _runs(arguments.root)}
    parts = {name: makers[name]() for name in names}
    if arguments.json:
        options.print_json(parts)
        return 0
    for part, rows in parts.items():
        print(f"{part}:" if rows else f"{part}: none in {paths.root(arguments.root)}")
        options.print_table([_short(row) for row in rows])
        print()
    return 0


def _objectives() -> list[dict[str, Any]]:
    options.prepare_environment()
    from simssl_core import objectives

    kinds = [objectives.get(name) for name in objectives.names()]
    return [
        {"name": kind.name, "title": kind.title, "family": kind.family, "settings": list(kind.Config.model_fields)}
        for kind in kinds
    ]


def _data() -> list[dict[str, Any]]:
    options.prepare_environment()
    infos = [catalog.info(name) for name in catalog.names()]
    return [
        {
            "name": info.name,
            "title": info.title,
            "shape": list(info.shape),
            "classes": info.classes,
            **_availability(info),
            "description": info.description,
        }
        for info in infos
    ]


def _presets() -> list[dict[str, Any]]:
    from simssl_core.presets import NAMED

    return [
        {"name": name, "data": preset.data, "description": preset.description, "expected": preset.expected}
        for name, preset in NAMED.items()
    ]


def _availability(info: catalog.DatasetInfo) -> dict[str, Any]:
    """Whether the data can be loaded now, without the internet, and if not, why."""
    if info.own_files:
        return {"available": True, "why": "give your own with --path"}
    before = os.environ.get("SIMSSL_OFFLINE")
    os.environ["SIMSSL_OFFLINE"] = "1"
    try:
        catalog.load(DataConfig(name=info.name, train=64, test=64))
    except DataError as error:
        return {"available": False, "why": str(error)}
    finally:
        if before is None:
            del os.environ["SIMSSL_OFFLINE"]
        else:
            os.environ["SIMSSL_OFFLINE"] = before
    return {"available": True, "why": ""}


def _runs(root: str | None) -> list[dict[str, Any]]:
    return [
        {
            "run": entry.run,
            "race": entry.race,
            "objective": entry.objective,
            "data": entry.data,
            "status": entry.status,
            "step": entry.step,
            "seconds": entry.seconds,
            "scores": entry.scores,
            "created": entry.created,
            "folder": str(entry.folder),
            "reason": entry.reason,
        }
        for entry in library.runs(root)
    ]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """The columns of ``row`` that fit into a line of a terminal."""
    if "run" in row:
        scores = {name: row["scores"].get(name) for name in options.main_scores()[:MOST_SCORES]}
        return {name: row[name] for name in ("run", "status", "step")} | scores | {"reason": (row["reason"] or "")[:60]}
    hidden = ("settings", "description", "shape", "classes")
    return {name: str(value)[:70] for name, value in row.items() if name not in hidden}
