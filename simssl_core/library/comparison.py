"""Runs laid side by side: those that differ only in their seed make one row, with mean and deviation. Torch-free."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from simssl_core.errors import CheckpointError
from simssl_core.library.entries import RunEntry
from simssl_core.storage import evaluation_file
from simssl_core.storage.evaluation_file import Evaluation, Layer

NOT_COMPARED = ("seed", "device", "threads", "probe_share", "probe_images", "map_points", "checkpoint_seconds")
SEEDS, DATA, NONE = "seeds", "held-out data", ""


@dataclass(frozen=True)
class Number:
    """A score with its ``error``: the standard deviation over seeds, or the standard error over held-out data.

    ``over`` says which of the two it is (empty: the error is not known, NaN); ``low`` and ``high`` hold 95 %.
    """

    value: float
    error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    over: str = NONE

    def __str__(self) -> str:
        return f"{self.value:.3f}" + (f" ± {self.error:.3f}" if math.isfinite(self.error) else "")


@dataclass(frozen=True)
class Group:
    """One row of a comparison: runs of one objective that differ in nothing but the seed (most often a single one).

    ``found``: the full measurements that fit the runs' present weights.
    """

    title: str
    objective: str
    entries: tuple[RunEntry, ...]
    scores: dict[str, Number] = field(default_factory=dict)
    found: tuple[Evaluation, ...] = ()

    @property
    def first(self) -> RunEntry:
        """The run that stands for all where only one can be shown."""
        return self.entries[0]

    @property
    def run(self) -> str:
        """The run's name; of several seeds what they are called together."""
        return self.first.run if len(self.entries) == 1 else self.title

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer profile of the first run that has one."""
        return next((found.layers for found in self.found if found.layers), ())

    @property
    def spectrum(self) -> tuple[float, ...]:
        """The relative singular values of the first run that has them."""
        return next((found.spectrum for found in self.found if found.spectrum), ())


@dataclass(frozen=True)
class Comparison:
    """Groups in the order of the runs; ``unmeasured``: runs without a fitting full measurement; ``trouble`` by run."""

    groups: tuple[Group, ...]
    unmeasured: tuple[str, ...]
    trouble: dict[str, str]


def compare(entries: Sequence[RunEntry]) -> Comparison:
    """Group the runs and read what was found of each; a damaged file is told, not raised."""
    measured: dict[str, Evaluation] = {}
    trouble: dict[str, str] = {}
    for entry in entries:
        try:
            found = evaluation_file.read(entry.folder)
        except CheckpointError as error:
            trouble[entry.run] = str(error)
            continue
        if found is not None and evaluation_file.is_current(found, entry.folder):
            measured[entry.run] = found
    together: dict[str, list[RunEntry]] = {}
    for entry in entries:
        together.setdefault(same_but_for_seed(entry), []).append(entry)
    names = _titles(list(together.values()))
    groups = tuple(_group(title, some, measured) for title, some in zip(names, together.values(), strict=True))
    missing = tuple(entry.run for entry in entries if entry.has_weights and not is_complete(measured, entry))
    return Comparison(groups, missing, trouble)


def is_complete(measured: dict[str, Evaluation], entry: RunEntry) -> bool:
    """Whether nothing is missing; at the end of a training everything but the layers is measured."""
    return entry.run in measured and bool(measured[entry.run].layers)


def same_but_for_seed(entry: RunEntry) -> str:
    """Equal for runs that differ only in their seed (and in what does not touch the outcome)."""
    config = {name: dict(entry.config.get(name) or {}) for name in ("data", "views", "model", "train")}
    for name in NOT_COMPARED:
        config["train"].pop(name, None)
    members = {member.get("label"): member.get("settings") for member in entry.config.get("members") or ()}
    key = (entry.objective, members.get(entry.label, {}), config, entry.step)
    return json.dumps(key, sort_keys=True, default=str)


def _titles(together: Sequence[Sequence[RunEntry]]) -> list[str]:
    """Short and distinct: the label where it is the only one, else the run's name; with the number of seeds."""
    labels = [some[0].label or some[0].run for some in together]
    short = [label if labels.count(label) == 1 else some[0].run for label, some in zip(labels, together, strict=True)]
    return [
        f"{name} ({len(some)} seeds)" if len(some) > 1 else name for name, some in zip(short, together, strict=True)
    ]


def _group(title: str, entries: Sequence[RunEntry], measured: dict[str, Evaluation]) -> Group:
    names = dict.fromkeys(name for entry in entries for name in entry.scores)
    found = tuple(measured[entry.run] for entry in entries if entry.run in measured)
    scores = {name: number(name, entries, measured) for name in names}
    return Group(title, entries[0].objective, tuple(entries), scores, found)


def number(name: str, entries: Sequence[RunEntry], measured: dict[str, Evaluation]) -> Number:
    """The score ``name`` of runs that are alike: over their seeds, or of the only one with its error over data."""
    values = [entry.scores[name] for entry in entries if name in entry.scores]
    if len(values) > 1:
        from scipy.stats import t

        mean, deviation = statistics.fmean(values), statistics.stdev(values)
        reach = float(t.ppf(0.975, len(values) - 1)) * deviation / math.sqrt(len(values))
        return Number(mean, deviation, mean - reach, mean + reach, SEEDS)
    found = measured.get(entries[0].run)
    spread = found.intervals.get(name) if found else None
    if spread is None or abs(spread.value - values[0]) > max(0.02, 3 * spread.error):
        return Number(values[0])  # no error known, or one of an older measurement
    return Number(values[0], spread.error, spread.low, spread.high, DATA)
