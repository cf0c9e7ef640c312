"""The types that guided tours are made of, and the scores of the real runs that their texts quote."""

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

# The commands that train the runs shown in the tours, by race name.
RACES = {
    "demo-sprites": "python -m simssl_core train --data sprites --objectives simvae,vae,simclr,vicreg,random "
    "--name demo-sprites",
    "demo-digits": "python -m simssl_core train --data digits --objectives simvae,vae,simclr,vicreg,random "
    "--name demo-digits",
}


class Numbers:
    """The scores of the runs in the lab, for the texts of the tours."""

    @cached_property
    def runs(self) -> dict[str, RunEntry]:
        """Every readable run, by its name."""
        return {entry.run: entry for entry in all_runs() if entry.status != "damaged"}

    def missing(self, runs: Iterable[str]) -> list[str]:
        """Those of ``runs`` that the lab does not have."""
        return [run for run in runs if run not in self.runs]

    def value(self, run: str, name: str) -> float:
        """A score of a run; NaN if the run or the score is missing."""
        return self.runs[run].scores.get(name, math.nan) if run in self.runs else math.nan

    def layer(self, run: str, layer: str, name: str) -> float:
        """A score of one layer in the run's layer profile; NaN if the run, the layer or the score is missing."""
        if run not in self.runs:
            return math.nan
        try:
            evaluation = evaluation_file.read(self.runs[run].folder)
        except LabError:
            return math.nan
        value_by_layer = {profiled.name: profiled.value(name) for profiled in evaluation.layers} if evaluation else {}
        value = value_by_layer.get(layer)
        return math.nan if value is None else value

    def setting(self, run: str, name: str) -> Any:
        """A setting of the run's objective; None if the run is missing or its race left the setting at its default."""
        entry = self.runs.get(run)
        members = (entry.config.get("members") or ()) if entry else ()
        for member in members:
            if member.get("label") == entry.label:
                return (member.get("settings") or {}).get(name)
        return None


def share(value: float) -> str:
    """An accuracy as text: 0.9985 → "99.9 %"; NaN → "not measured"."""
    return "not measured" if math.isnan(value) else f"{100 * value:.1f} %"


def number(value: float) -> str:
    """An R² or a share of variance as text: 0.132 → "0.13"; a negative value → "0.00"; NaN → "not measured"."""
    return "not measured" if math.isnan(value) else f"{max(0.0, value):.2f}"


@dataclass(frozen=True)
class Step:
    """One step: a page, its query parameters, the values of its other widgets, and a text on what to look at.

    ``state``: values, by key, of widgets that are not bound to the address. ``needs``: the runs that the step shows.
    """

    page: str
    title: str
    text: Callable[[Numbers], str]
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tour:
    """Four to six steps that answer one question."""

    name: str
    title: str
    about: str
    steps: tuple[Step, ...]
