"""Measuring a trained run again, outside a training: the same functions on the same images as the live probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from simssl_core.data.selection import Plan
    from simssl_core.evaluation.features import Features
    from simssl_core.training.records import RunRecord

SEED = 0
QUICK_IMAGES = 2_000


@dataclass(frozen=True)
class Measured:
    """A run's record with freshly taken features; ``told``: what only the objective itself can say of captions."""

    record: RunRecord
    features: Features
    dataset: Any
    views: Any
    plan: Plan
    told: Mapping[str, float]


def measure(folder: Path, plan: Plan, device: str = "auto", data: Mapping[str, Any] | None = None) -> Measured:
    """Load a run and its data and encode what ``plan`` asks for. ``data`` overrides where the data lie.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are not here, or of another shape.
    """
    from simssl_core.evaluation.captions import caption_scores
    from simssl_core.evaluation.features import collect
    from simssl_core.runs.reopened import reopen

    run = reopen(folder, device, data)
    features = collect(run.objective.encode, run.dataset, run.views, plan, SEED)
    told = caption_scores(run.objective, run.dataset, run.views) if plan.full else {}
    return Measured(run.record, features, run.dataset, run.views, plan, told)


def evaluate(
    folder: Path,
    full: bool = False,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
    images: int = QUICK_IMAGES,
) -> dict[str, float]:
    """The run's scores, from ``images`` training and as many test images (as far as there are)."""
    from simssl_core.data.selection import Plan
    from simssl_core.evaluation.score import score

    found = measure(folder, Plan(probe_images=images, full=full), device, data)
    return score(found.features, full) | dict(found.told)


def lay_out(
    folder: Path, kind: str, device: str = "auto", data: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """A new map of the run's final encoder: the points' table, and their places (N, 2) or (N, 3).

    ``kind`` is umap, pca or umap3.
    """
    from simssl_core.data.selection import Plan
    from simssl_core.latent.points import map_points
    from simssl_core.latent.projection import Projector

    found = measure(folder, Plan(), device, data)
    table, _ = map_points(found.dataset, found.views, found.plan, SEED)
    return table, getattr(Projector(SEED), kind)(found.features.map)


def keep(folder: Path, scores: Mapping[str, float]) -> None:
    """Put the scores into the run's record."""
    from simssl_core.training.checkpoints import write_record
    from simssl_core.training.records import read_run

    record = read_run(folder)
    write_record(folder, record.model_copy(update={"scores": {**record.scores, **scores}, "score_step": record.step}))
