"""A study's plan: one cell for each objective and seed, and the file that holds each cell's result. Torch-free."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simssl_core.config import RunConfig, parse
from simssl_core.errors import ConfigError, RunError
from simssl_core.storage.files import write_whole

FOLDER = "cells"
FORMAT = 1


@dataclass(frozen=True)
class Cell:
    """One objective trained with one seed: ``config`` describes a race with a single member and the cell's seed.

    ``validation``: measure on held-out training images. ``layers``: measure the layer profile too.
    """

    config: RunConfig
    validation: bool = False
    layers: bool = True

    @property
    def label(self) -> str:
        return self.config.members[0].label

    @property
    def objective(self) -> str:
        return self.config.members[0].objective

    @property
    def seed(self) -> int:
        return self.config.train.seed

    @property
    def identity(self) -> str:
        """A hash of all settings that decide the outcome: all but device, threads and the location of the data."""
        settings = self.config.model_dump(mode="json")
        for section, name in (("train", "device"), ("train", "threads"), ("data", "root"), ("data", "path")):
            settings[section].pop(name, None)
        parts = [FORMAT, self.validation, settings]
        if not self.layers:
            parts.append("no layers")
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Its unique name within the study: label and seed."""
        return f"{self.label}-{self.seed}"

    def file(self, out: Path) -> Path:
        """The path of its result in the study's folder ``out``."""
        return out / FOLDER / f"{self.name}.json"


def plan(config: RunConfig, seeds: Iterable[int], validation: bool = False, layers: bool = True) -> list[Cell]:
    """The cells of a study: every member of ``config`` alone, once for each seed, seed by seed.

    Raises:
        ConfigError: there are no seeds, or a seed occurs twice.
    """
    seeds = list(seeds)
    if not seeds or len(set(seeds)) != len(seeds):
        raise ConfigError(f"a study needs seeds that differ, not {seeds}")
    cells = []
    for seed in seeds:
        train = config.train.model_copy(update={"seed": seed})
        for member in config.members:
            single = config.model_copy(update={"members": (member,), "train": train})
            cells.append(Cell(single, validation, layers))
    return cells


def write(out: Path, cell: Cell, outcome: Mapping[str, Any]) -> None:
    """Write a cell's outcome to its file: its ``scores`` and ``seconds``, or why it ``failed``. All or nothing."""
    path = cell.file(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "format": FORMAT,
        "identity": cell.identity,
        "validation": cell.validation,
        "config": cell.config.model_dump(mode="json"),
    }
    write_whole(path, json.dumps(head | _plain(outcome), indent=1))


def _plain(value: Any) -> Any:
    """The same value with None in place of NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(path: Path) -> dict[str, Any]:
    """The record in a cell's file: what :func:`write` put there.

    Raises:
        RunError: the file is not a valid cell; the message advises to delete it and run the study again.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(f"its format is {record['format']}, but this lab reads format {FORMAT}")
        parse(RunConfig, record["config"], "config")
        if not isinstance(record.get("scores") or {}, dict):
            raise ValueError("its scores are not a table")
        return record
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise RunError(
            f"{path} is not a finished cell of a study ({error}); delete it and run the study again"
        ) from None


def finished(out: Path, cells: Iterable[Cell]) -> dict[str, dict[str, Any]]:
    """The records of those ``cells`` that are finished, by name.

    Raises:
        RunError: a finished cell was made with other settings, or its file is damaged.
    """
    records = {}
    for cell in cells:
        path = cell.file(out)
        if not path.exists():
            continue
        record = read(path)
        if record["identity"] != cell.identity:
            raise RunError(
                f"{path} was made with other settings than this study has; choose another --out, or delete the old "
                "cells with --fresh"
            )
        records[cell.name] = record
    return records


def all_finished(out: Path) -> list[dict[str, Any]]:
    """The records of all finished cells in the folder, in the order of their names.

    Raises:
        RunError: the folder holds no finished cells, or one is damaged.
    """
    records = [read(path) for path in sorted((Path(out) / FOLDER).glob("*.json"))]
    if not records:
        raise RunError(f"{out} holds no finished cells of a study")
    return records
