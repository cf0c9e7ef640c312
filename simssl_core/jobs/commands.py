"""Commands from pages and shells, carried out between two steps; turned knobs are turned again on resume."""

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
    """What others ask of a race. ``race`` is None until it is built; knobs cannot be turned before."""

    def __init__(self, root: Path, file: RaceFile, recorder: Recorder) -> None:
        self.root, self.file, self.recorder = root, file, recorder
        self.race: Race | None = None
        self._replay: list[Change] = sorted(file.changes, key=lambda change: change.step)

    def obey(self, status: str) -> str:
        """Carry out what was asked; the race's new status: training, paused, stopped, or as it was."""
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
        """Turn again the knobs that had been turned by this step, in their order, before the race was resumed.

        (Those that the checkpoint knows already are turned to what they are.)
        """
        while self._replay and self._replay[0].step <= self.race.step:
            change = self._replay.pop(0)
            try:
                self.race.change(change.label, change.name, change.value)
            except (ConfigError, RunError) as error:
                self.recorder.event("refused", str(error), step=self.race.step)

    def _change(self, command: Command) -> None:
        """Turn a knob; the race's file remembers it, so that a resumed run turns it at the same step."""
        label, name, value = command.data.get("member"), command.data["name"], command.data["value"]
        data = {"member": label, "name": name, "new": value}
        if self.race is None:
            self.recorder.event("refused", f"{name} can be changed once the race trains", **data)
            return
        before = _present(self.race, label, name)
        try:
            self.race.change(label, name, value)
        except (ConfigError, RunError) as error:
            known = label if label in self.file.runs else None
            self.recorder.event("refused", str(error), known, self.race.step, **data)
            return
        self.file.changes.append(Change(self.race.step, label, name, value))
        self.file.save(self.root)
        for member, old in before.items():
            text = f"{member}: {name} {old} → {value}"
            data = {"member": member, "name": name, "old": old, "new": value}
            self.recorder.event("change", text, member, self.race.step, **data)


def _present(race: Race, label: str | None, name: str) -> dict[str, Any]:
    """The knob's present value for each member that has it."""
    chosen = {k: m for k, m in race.members.items() if (label is None or k == label) and m.can_change(name)}
    if name == "learning_rate":
        return {key: member.learning_rate for key, member in chosen.items()}
    return {key: getattr(member.objective.settings, name) for key, member in chosen.items()}
