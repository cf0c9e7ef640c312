"""The messages between trainer and evaluator (sent through a pipe, never a file), and a race's progress report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from simssl_core.evaluation.measurement import Encodings, Measurement

Layouts = dict[str, "np.ndarray"]


@dataclass(frozen=True)
class Job:
    """A request to measure the encodings of member ``label`` at ``step`` and to lay out its map.

    ``previous`` holds the layouts of the last frame; None if this evaluator made that frame itself.
    """

    label: str
    step: int
    encodings: Encodings
    previous: Layouts | None = None


@dataclass(frozen=True)
class Result:
    """A measurement, and the map frames that became ready.

    Attributes:
        measurement: the scores; if a measurement failed, those taken before it, or None.
        frames: ``(step, layouts)``; a frame made before UMAP was compiled is sent again once it has its UMAP layout.
        cpu: the evaluator's CPU seconds for this job, without the compilation of UMAP.
        mapping: the part of ``cpu`` spent on the map.
        owed: frames, of all runs, whose UMAP layout is still to be computed.
        compiled: CPU seconds that compiling UMAP took, in one result only; else None.
        trouble: one line about what failed, or None.
    """

    label: str
    step: int
    measurement: Measurement | None = None
    frames: tuple[tuple[int, Layouts], ...] = ()
    cpu: float = 0.0
    mapping: float = 0.0
    owed: int = 0
    compiled: float | None = None
    trouble: str | None = None


@dataclass(frozen=True)
class Report:
    """The progress of a race.

    Attributes:
        race: the race's name.
        runs: the run name of each member, by label.
        status: see :func:`simssl_core.jobs.status.race_status`.
        seconds: training time; ``done`` is the share of the training that is done, in [0, 1].
        terms: the loss terms (nats) by label; None at most steps.
        scores: each member's latest scores, by label.
        failed: why a member failed, by label.
        measuring: the label of the member that is being measured at the end.
    """

    race: str
    runs: dict[str, str]
    status: str
    step: int = 0
    seconds: float = 0.0
    done: float = 0.0
    views_per_second: float = 0.0
    terms: dict[str, dict[str, float]] | None = None
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    measuring: str | None = None
