"""What several commands share: common options, finding a run, reading ``--set``, printing results."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

from simssl_core import metrics
from simssl_core.config import DataConfig, ModelConfig, TrainConfig, ViewConfig
from simssl_core.errors import ConfigError, RunError
from simssl_core.runtime.environment import training_environment
from simssl_core.storage import paths

SECTIONS = {"data": DataConfig, "views": ViewConfig, "model": ModelConfig, "train": TrainConfig}


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add ``--root``."""
    default = str(paths.default_root()).replace("%", "%%")  # argparse formats its help texts
    parser.add_argument(
        "--root", metavar="FOLDER", help=f"where the runs are kept (default: SIMSSL_RUNS, or {default})"
    )


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add ``--root`` and ``--json``."""
    add_folder(parser)
    parser.add_argument(
        "--json", action="store_true", help="print exactly one JSON document, and nothing else, on stdout"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the run, ``--device``, ``--path``, ``--root`` and ``--json``."""
    parser.add_argument("run", help="a run's name (see 'list') or its folder")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument(
        "--path", metavar="PATH", help="where the run's own images are now (data sets 'folder' and 'parquet')"
    )
    add_root(parser)


def run_folder(name: str, root: str | None) -> Path:
    """The folder of the run whose name or path is ``name``.

    Raises:
        RunError: there is no such run; the message lists the existing runs.
    """
    path = Path(name).expanduser()
    if (path / "run.json").is_file():
        return path.resolve()
    runs_root = paths.root(root)
    folder = paths.run_folder(runs_root, name) if "/" not in name else path
    if (folder / "run.json").is_file():
        return folder
    runs = sorted(record.parent.name for record in runs_root.glob("*/run.json"))
    if not runs:
        raise RunError(f"There is no run '{name}'. {runs_root} holds no runs.")
    more = " …" if len(runs) > 12 else ""
    raise RunError(f"There is no run '{name}'. There are: {', '.join(runs[:12])}{more}.")


def prepare_environment(threads: int = 0) -> None:
    """Set the environment variables that torch reads when it is imported; too late if it has been."""
    if "torch" not in sys.modules:
        os.environ.update(training_environment(threads))


def assignments(
    texts: Iterable[str], members: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Read ``section.field=value`` and ``member.setting=value`` texts as ({section: {…}}, {member: {…}}).

    Raises:
        ConfigError: a text has another form, or begins with neither a section nor a member.
    """
    members = list(members)
    sections: dict[str, dict[str, Any]] = {}
    settings: dict[str, dict[str, Any]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        first, dot, name = place.strip().rpartition(".")
        if not (equals and dot and first and name):
            raise ConfigError(f"--set {text!r} is not of the form section.field=value or member.setting=value.")
        if first in members:
            settings.setdefault(first, {})[name] = parse_value(value)
        elif first in SECTIONS:
            sections.setdefault(first, {})[name] = _section_value(first, name, value)
        else:
            names = ", ".join([*SECTIONS, *members])
            raise ConfigError(f"--set {text!r}: '{first}' is neither a section nor a member; there are: {names}.")
    return sections, settings


def parse_value(text: str) -> Any:
    """A number, true, false, null or list if ``text`` is one in JSON; otherwise ``text`` itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _section_value(section: str, name: str, text: str) -> Any:
    """The value of a section's field; lists may also be written with commas alone."""
    field = SECTIONS[section].model_fields.get(name)
    if field is None:
        raise ConfigError(
            f"'{section}' has no setting '{name}'; settings: {', '.join(SECTIONS[section].model_fields)}."
        )
    value = parse_value(text)
    if get_origin(field.annotation) is tuple and not isinstance(value, list):
        return [parse_value(part) for part in text.split(",") if part.strip()]
    return value


def print_json(value: Any) -> None:
    """Print one JSON document on stdout; a number that is not finite becomes null."""
    print(json.dumps(_plain(value), indent=1))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)


def main_scores() -> list[str]:
    """The names of the few scores that fit into a line of a terminal."""
    return [row.name for row in metrics.in_table("shell")]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as aligned columns, numbers to three decimal places."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)
