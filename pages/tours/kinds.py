"""What a guided tour is made of, and the real runs' numbers that its texts are written with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pages.shared.run_picker import all_runs
from simssl_core.errors import LabError
from simssl_core.library import RunEntry
from simssl_core.storage import evaluation_file

# What makes the runs that the tours show, should they be missing.
RACES = {
    "demo-sprites": "python -m simssl_core train --data sprites --objectives simvae,vae,simclr,vicreg,random "
    "--name demo-sprites",
    "demo-digits": "python -m simssl_core train --data digits --objectives simvae,vae,simclr,vicreg,random "
    "--name demo-digits",
}


class Numbers:
    """The scores of the runs on the shelf, in words: a number that nobody has measured reads "not measured"."""

    @cached_property
    def runs(self) -> dict[str, RunEntry]:
        """Every run that can be looked at, by its name."""
        return {entry.run: entry for entry in all_runs() if entry.status != "damaged"}

    def missing(self, runs: Iterable[str]) -> list[str]:
        """Those of ``runs`` that are not there."""
        return [run for run in runs if run not in self.runs]

    def value(self, run: str, name: str) -> float:
        """A score; NaN where there is none."""
        return self.runs[run].scores.get(name, math.nan) if run in self.runs else math.nan

    def layer(self, run: str, layer: str, name: str) -> float:
        """A number of one layer of the profile; NaN where there is none."""
        try:
            found = evaluation_file.read(self.runs[run].folder) if run in self.runs else None
        except LabError:
            found = None
        values = {known.name: known.value(name) for known in found.layers} if found else {}
        return math.nan if values.get(layer) is None else values[layer]

    def setting(self, run: str, name: str) -> Any:
        """A setting of the run's objective; None where its race left it to the default or the run is not there."""
        entry = self.runs.get(run)
        members = (entry.config.get("members") or ()) if entry else ()
        settings = next((m.get("settings") or {} for m in members if m.get("label") == entry.label), {})
        return settings.get(name)


def share(value: float) -> str:
    """An accuracy: 0.9985 → "99.9 %"."""
    return "not measured" if math.isnan(value) else f"{100 * value:.1f} %"


def number(value: float) -> str:
    """An R² or a share of variance: 0.132 → "0.13"; nothing below zero, where there is nothing to read."""
    return "not measured" if math.isnan(value) else f"{max(0.0, value):.2f}"


@dataclass(frozen=True)
class Step:
    """One stop: the page, what its address says, what its other widgets are set to, and what to look at there.

    ``state``: values by key of widgets that the address does not know. ``needs``: the runs that it shows.
    """

    page: str
    title: str
    text: Callable[[Numbers], str]
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tour:
    """Four to six stops that answer one question."""

    name: str
    title: str
    about: str
    steps: tuple[Step, ...]
