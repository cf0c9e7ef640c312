"""The race's own file, ``<root>/.lab/<race>.json``: all that a worker needs to start or resume without the store."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from simssl_core.config import RunConfig, parse
from simssl_core.errors import LabError, RunError
from simssl_core.storage import files, paths
from simssl_core.storage.run_record import RECORD


@dataclass(frozen=True)
class Change:
    """A setting that was changed after ``step`` while the race trained; ``label`` None means every member."""

    step: int
    label: str | None
    name: str
    value: float | int | str | bool


@dataclass
class RaceFile:
    """The content of the file.

    ``race`` is the race's name. ``runs`` maps each member's label to the folder name of its run, which may have been
    renamed since. ``plan`` says how much is measured; it is fixed at the start, so that all frames and curves of the
    race can be compared.
    """

    race: str
    config: RunConfig
    runs: dict[str, str]
    created: float = field(default_factory=time.time)
    changes: list[Change] = field(default_factory=list)
    plan: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The file's content as JSON."""
        values = {
            "format": 1,
            "race": self.race,
            "created": self.created,
            "config": self.config.model_dump(mode="json"),
            "runs": self.runs,
            "changes": [asdict(change) for change in self.changes],
            "plan": self.plan,
        }
        return json.dumps(values, indent=1)

    def save(self, root: Path) -> None:
        """Write the file, whole or not at all."""
        files.write_whole(paths.race_file(root, self.race), self.text())


def reserve(root: Path, race_file: RaceFile) -> bool:
    """Create the file unless it exists; False if it does, because the race's name is taken."""
    path = paths.race_file(root, race_file.race)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(race_file.text())
    return True


def read(root: Path, race_name: str) -> RaceFile:
    """Read the race's file; if it is missing, rebuild it from the run folders of that race.

    Raises:
        RunError: there is neither a file nor a run of the race, or the file is damaged.
    """
    path = paths.race_file(root, race_name)
    if not path.exists():
        return _from_folders(root, race_name)
    try:
        values = files.read_json(path)
        return RaceFile(
            race=race_name,
            config=parse(RunConfig, values["config"], str(path)),
            changes=[Change(**change) for change in values.get("changes", [])],
            runs={str(label): paths.checked(run) for label, run in values["runs"].items()},
            created=float(values.get("created", 0.0)),
            plan={str(name): int(number) for name, number in values.get("plan", {}).items()},
        )
    except RunError:
        raise
    except (LabError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{path} is damaged: {error}.") from error


def _from_folders(root: Path, race_name: str) -> RaceFile:
    runs: dict[str, str] = {}
    config = None
    for path in sorted(Path(root).glob(f"*/{RECORD}")):
        try:
            record = files.read_json(path)
            if record.get("race") == race_name:
                config = parse(RunConfig, record["config"], str(path))
                runs[str(record["label"])] = path.parent.name
        except (LabError, KeyError):
            continue
    if config is None:
        raise RunError(f"There is no race called '{race_name}' in {root}.")
    members = tuple(member for member in config.members if member.label in runs)
    if not members:
        raise RunError(f"The runs of '{race_name}' in {root} do not belong to its configuration.")
    return RaceFile(race_name, config.model_copy(update={"members": members}), runs)
