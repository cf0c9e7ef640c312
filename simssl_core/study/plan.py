"""A study's plan: which objectives with which seeds, and the file that each such cell leaves behind. Torch-free."""

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
    """One objective trained once: ``config`` is a race of a single member, with the cell's own seed.

    ``validation``: measured on held-out training images; ``layers``: with the layer profile.
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
        """A hash of all that decides the outcome; device and threads do not, nor does where the data lie."""
        known = self.config.model_dump(mode="json")
        for section, name in (("train", "device"), ("train", "threads"), ("data", "root"), ("data", "path")):
            known[section].pop(name, None)
        text = json.dumps([FORMAT, self.validation, known] + ([] if self.layers else ["no layers"]), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """What it is called within its study."""
        return f"{self.label}-{self.seed}"

    def file(self, out: Path) -> Path:
        """Where its result is kept."""
        return out / FOLDER / f"{self.name}.json"


def plan(config: RunConfig, seeds: Iterable[int], validation: bool = False, layers: bool = True) -> list[Cell]:
    """The cells of a study: every member of ``config`` alone, once for each seed, seed by seed.

    Raises:
        ConfigError: no seeds, or one twice.
    """
    seeds = list(seeds)
    if not seeds or len(set(seeds)) != len(seeds):
        raise ConfigError(f"a study needs seeds that differ, not {seeds}")
    alone = []
    for seed in seeds:
        train = config.train.model_copy(update={"seed": seed})
        for member in config.members:
            alone.append(Cell(config.model_copy(update={"members": (member,), "train": train}), validation, layers))
    return alone


def write(out: Path, cell: Cell, outcome: Mapping[str, Any]) -> None:
    """Keep what a cell found: ``scores`` and ``seconds``, or the ``failed`` reason. Whole or not at all."""
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
    """NaN and infinity as null: JSON has neither."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(path: Path) -> dict[str, Any]:
    """A cell's file.

    Raises:
        RunError: it is not one; delete it and let the study make it again.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, this lab reads {FORMAT}")
        parse(RunConfig, found["config"], "config")
        if not isinstance(found.get("scores") or {}, dict):
            raise ValueError("its scores are no table")
        return found
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise RunError(
            f"{path} is not a finished cell of a study ({error}); delete it and run the study again"
        ) from None


def finished(out: Path, wanted: Iterable[Cell]) -> dict[str, dict[str, Any]]:
    """The cells among ``wanted`` that are done, by name.

    Raises:
        RunError: a kept cell was made with other settings, or is damaged.
    """
    done = {}
    for cell in wanted:
        path = cell.file(out)
        if not path.exists():
            continue
        kept = read(path)
        if kept["identity"] != cell.identity:
            raise RunError(
                f"{path} was made with other settings than this study has; give another --out, or --fresh to "
                "forget what is kept there"
            )
        done[cell.name] = kept
    return done


def all_kept(out: Path) -> list[dict[str, Any]]:
    """Every finished cell in the folder, in the order of their names.

    Raises:
        RunError: there is none, or one is damaged.
    """
    found = [read(path) for path in sorted((Path(out) / FOLDER).glob("*.json"))]
    if not found:
        raise RunError(f"{out} holds no finished cells of a study")
    return found
