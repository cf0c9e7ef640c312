"""Comparison of runs. Runs that differ only in their seed form one row, with mean and deviation. Torch-free."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simssl_core.errors import CheckpointError
from simssl_core.library.entries import RunEntry
from simssl_core.storage import evaluation_file
from simssl_core.storage.evaluation_file import Evaluation, Layer

# training settings that may differ between runs of one row
NOT_COMPARED = ("seed", "device", "threads", "probe_share", "probe_images", "map_points", "checkpoint_seconds")
SEEDS, DATA, NONE = "seeds", "held-out data", ""


@dataclass(frozen=True)
class Number:
    """A score with its ``error``: the standard deviation over seeds, or the standard error over held-out data.

    ``over`` is SEEDS, DATA or NONE and says which of the two it is; with NONE the error is not known and NaN. ``low``
    and ``high`` are the ends of the 95 % confidence interval.
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
    """One row of a comparison: runs of one objective that differ only in their seed, usually a single run.

    ``evaluations`` holds the full measurements that were made with the runs' present weights.
    """

    title: str
    objective: str
    entries: tuple[RunEntry, ...]
    scores: dict[str, Number] = field(default_factory=dict)
    evaluations: tuple[Evaluation, ...] = ()

    @property
    def first(self) -> RunEntry:
        """The run that represents the group where only one can be shown."""
        return self.entries[0]

    @property
    def run(self) -> str:
        """The run's name; the title if the group has several runs."""
        return self.first.run if len(self.entries) == 1 else self.title

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer profile of the first run that has one."""
        return next((evaluation.layers for evaluation in self.evaluations if evaluation.layers), ())

    @property
    def spectrum(self) -> tuple[float, ...]:
        """The singular values, relative to the largest, of the first run that has them."""
        return next((evaluation.spectrum for evaluation in self.evaluations if evaluation.spectrum), ())


@dataclass(frozen=True)
class Comparison:
    """The groups, in the order of the runs.

    ``unmeasured`` lists the runs without a complete full measurement of their present weights; ``trouble`` holds, by
    run, why a measurement could not be read.
    """

    groups: tuple[Group, ...]
    unmeasured: tuple[str, ...]
    trouble: dict[str, str]


def compare(entries: Sequence[RunEntry]) -> Comparison:
    """Group the runs and read their full measurements. A damaged file is not raised but listed in ``trouble``."""
    evaluations: dict[str, Evaluation] = {}
    trouble: dict[str, str] = {}
    for entry in entries:
        try:
            evaluation = evaluation_file.read(entry.folder)
        except CheckpointError as error:
            trouble[entry.run] = str(error)
            continue
        if evaluation is not None and evaluation_file.is_current(evaluation, entry.folder):
            evaluations[entry.run] = evaluation
    by_key: dict[str, list[RunEntry]] = {}
    for entry in entries:
        by_key.setdefault(key_without_seed(entry), []).append(entry)
    grouped = list(by_key.values())
    groups = tuple(_group(title, group, evaluations) for title, group in zip(_titles(grouped), grouped, strict=True))
    unmeasured = tuple(entry.run for entry in entries if entry.has_weights and not is_complete(evaluations, entry))
    return Comparison(groups, unmeasured, trouble)


def is_complete(evaluations: Mapping[str, Evaluation], entry: RunEntry) -> bool:
    """Whether the run's full measurement includes the layers, which are not measured at the end of a training."""
    return entry.run in evaluations and bool(evaluations[entry.run].layers)


def key_without_seed(entry: RunEntry) -> str:
    """A key that is equal for runs that differ only in their seed and in settings that do not affect the result."""
    config = {name: dict(entry.config.get(name) or {}) for name in ("data", "views", "model", "train")}
    for name in NOT_COMPARED:
        config["train"].pop(name, None)
    members = {member.get("label"): member.get("settings") for member in entry.config.get("members") or ()}
    key = (entry.objective, members.get(entry.label, {}), config, entry.step)
    return json.dumps(key, sort_keys=True, default=str)


def _titles(groups: Sequence[Sequence[RunEntry]]) -> list[str]:
    """A distinct title for each group: its label if no other group has it, else a run's name; with the seed count."""
    labels = [group[0].label or group[0].run for group in groups]
    titles = []
    for label, group in zip(labels, groups, strict=True):
        title = label if labels.count(label) == 1 else group[0].run
        titles.append(f"{title} ({len(group)} seeds)" if len(group) > 1 else title)
    return titles


def _group(title: str, entries: Sequence[RunEntry], evaluations: Mapping[str, Evaluation]) -> Group:
    names = dict.fromkeys(name for entry in entries for name in entry.scores)
    scores = {name: number(name, entries, evaluations) for name in names}
    group_evaluations = tuple(evaluations[entry.run] for entry in entries if entry.run in evaluations)
    return Group(title, entries[0].objective, tuple(entries), scores, group_evaluations)


def number(name: str, entries: Sequence[RunEntry], evaluations: Mapping[str, Evaluation]) -> Number:
    """The score ``name`` of a group: mean and deviation over seeds, or a single run's value with its error over data.

    An error is left out if it belongs to an older measurement, whose value differs from the run's present score.
    """
    values = [entry.scores[name] for entry in entries if name in entry.scores]
    if len(values) > 1:
        from scipy.stats import t

        mean, deviation = statistics.fmean(values), statistics.stdev(values)
        half_width = float(t.ppf(0.975, len(values) - 1)) * deviation / math.sqrt(len(values))
        return Number(mean, deviation, mean - half_width, mean + half_width, SEEDS)
    evaluation = evaluations.get(entries[0].run)
    spread = evaluation.intervals.get(name) if evaluation else None
    if spread is None or abs(spread.value - values[0]) > max(0.02, 3 * spread.error):
        return Number(values[0])
    return Number(values[0], spread.error, spread.low, spread.high, DATA)
