"""What a trainer says to its evaluator and hears from it (through a pipe, never a file), and to whoever iterates it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from simssl_core.evaluation.measurement import Encodings, Measurement

Layouts = dict[str, "np.ndarray"]


@dataclass(frozen=True)
class Job:
    """Measure these encodings of ``label`` at ``step`` and lay out its map.

    ``previous`` is the last frame's layouts, where the evaluator has not made that frame itself.
    """

    label: str
    step: int
    encodings: Encodings
    previous: Layouts | None = None


@dataclass(frozen=True)
class Result:
    """A measurement, and the map frames that became ready (a frame made before UMAP was compiled is completed later).

    ``cpu`` are the evaluator's CPU seconds for this job, ``mapping`` those of them that went into the map; the one-off
    compilation of UMAP stands apart: ``compiled`` is its CPU seconds, told once. ``owed`` counts frames, of all runs,
    that wait for UMAP and will cost their share then. ``trouble`` says in a line what could not be measured;
    ``measurement`` then holds what was measured before it, or is None.
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
    """Where a race stands. ``runs`` maps labels to run names; ``terms`` (per label) is None at most steps; ``scores``
    are each member's latest; ``failed`` says why members left; ``measuring`` names who is being measured at the end."""

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
