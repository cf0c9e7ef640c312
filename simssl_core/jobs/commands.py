"""Carries out, between two training steps, the commands that pages and shells send; repeats changes after a resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core.errors import ConfigError, RunError
from simssl_core.jobs.recorder import Recorder
from simssl_core.storage.race_file import Change, RaceFile
from simssl_core.storage.schema import Command

if TYPE_CHECKING:
    from simssl_core.training.loop import Race


class CommandHandler:
    """Carries out a race's commands. ``race`` is None until the race is built; before that no setting can change."""

    def __init__(self, root: Path, file: RaceFile, recorder: Recorder) -> None:
        self.root, self.file, self.recorder = root, file, recorder
        self.race: Race | None = None
        self._replay: list[Change] = sorted(file.changes, key=lambda change: change.step)

    def handle(self, status: str) -> str:
        """Carry out all waiting commands and return the new status: training, paused, stopped or ``status`` itself."""
        for command in self.recorder.store.take_commands(self.file.race):
            if command.kind == "change":
                self._change(command)
            elif command.kind == "pause" and status == "training":
                status = "paused"
            elif command.kind == "resume" and status == "paused":
                status = "training"
            elif command.kind == "stop":
                status = "stopped"
        return status

    def replay(self) -> None:
        """Repeat, in order, the changes that were made up to the present step before the race was resumed.

        Repeating a change that the checkpoint already includes has no effect.
        """
        while self._replay and self._replay[0].step <= self.race.step:
            change = self._replay.pop(0)
            try:
                self.race.change(change.label, change.name, change.value)
            except (ConfigError, RunError) as error:
                self.recorder.event("refused", str(error), step=self.race.step)

    def _change(self, command: Command) -> None:
        """Change a setting and save the change in the race's file, so that a resumed race repeats it at this step."""
        label, name, value = command.data.get("member"), command.data["name"], command.data["value"]
        data = {"member": label, "name": name, "new": value}
        if self.race is None:
            self.recorder.event("refused", f"{name} cannot be changed before the race trains", **data)
            return
        old_values = _current_values(self.race, label, name)
        try:
            self.race.change(label, name, value)
        except (ConfigError, RunError) as error:
            member = label if label in self.file.runs else None
            self.recorder.event("refused", str(error), member, self.race.step, **data)
            return
        self.file.changes.append(Change(self.race.step, label, name, value))
        self.file.save(self.root)
        for member, old in old_values.items():
            text = f"{member}: {name} {old} → {value}"
            data = {"member": member, "name": name, "old": old, "new": value}
            self.recorder.event("change", text, member, self.race.step, **data)


def _current_values(race: Race, label: str | None, name: str) -> dict[str, Any]:
    """``{label: value}`` of the setting ``name``, for the member ``label`` (None: every member) that has it."""
    values = {}
    for key, member in race.members.items():
        if (label is None or key == label) and member.can_change(name):
            values[key] = member.learning_rate if name == "learning_rate" else getattr(member.objective.settings, name)
    return values
