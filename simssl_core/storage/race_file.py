"""The race's own file, ``<root>/.lab/<race>.json``: all a worker needs to start or resume, even without the store."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from simssl_core.config import RunConfig, parse
from simssl_core.errors import LabError, RunError
from simssl_core.storage import files, paths


@dataclass(frozen=True)
class Change:
    """A knob turned while the race trained, before the step after ``step``; ``label`` None means every member."""

    step: int
    label: str | None
    name: str
    value: float | int | str | bool


@dataclass
class RaceFile:
    """``runs`` maps each member's label to the folder name of its run (a run may have been renamed since); ``plan`` is
    how much is measured, fixed at the start so that all frames and curves of the race can be compared."""

    race: str
    config: RunConfig
    runs: dict[str, str]
    created: float = field(default_factory=time.time)
    changes: list[Change] = field(default_factory=list)
    plan: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The file's content."""
        value = {
            "format": 1,
            "race": self.race,
            "created": self.created,
            "config": self.config.model_dump(mode="json"),
            "runs": self.runs,
            "changes": [asdict(change) for change in self.changes],
            "plan": self.plan,
        }
        return json.dumps(value, indent=1)

    def save(self, root: Path) -> None:
        """Write the file whole."""
        files.write_whole(paths.race_file(root, self.race), self.text())


def reserve(root: Path, race: RaceFile) -> bool:
    """Create the file if no other process has taken the name; False if it is taken."""
    path = paths.race_file(root, race.race)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(race.text())
    return True


def read(root: Path, race_name: str) -> RaceFile:
    """The race's file; where it is missing, put together again from the run folders of that race.

    Raises:
        RunError: neither exists, or the file is damaged.
    """
    path = paths.race_file(root, race_name)
    if not path.exists():
        return _from_folders(root, race_name)
    try:
        value = files.read_json(path)
        config = parse(RunConfig, value["config"], str(path))
        changes = [Change(**item) for item in value.get("changes", [])]
        runs = {str(label): paths.checked(run) for label, run in value["runs"].items()}
        return RaceFile(race_name, config, runs, float(value.get("created", 0.0)), changes, _plan(value))
    except RunError:
        raise
    except (LabError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{path} is damaged: {error}.") from error


def _plan(value: dict) -> dict[str, int]:
    return {str(name): int(number) for name, number in value.get("plan", {}).items()}


def _from_folders(root: Path, race_name: str) -> RaceFile:
    found: dict[str, str] = {}
    config = None
    for path in sorted(Path(root).glob("*/run.json")):
        try:
            record = files.read_json(path)
            if record.get("race") == race_name:
                config = parse(RunConfig, record["config"], str(path))
                found[str(record["label"])] = path.parent.name
        except (LabError, KeyError):
            continue
    if config is None:
        raise RunError(f"There is no race called '{race_name}' in {root}.")
    members = tuple(member for member in config.members if member.label in found)
    if not members:
        raise RunError(f"The runs of '{race_name}' in {root} do not belong to its configuration.")
    return RaceFile(race_name, config.model_copy(update={"members": members}), found)
