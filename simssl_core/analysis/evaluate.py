"""The full measurement of a run: every probe with its uncertainty, the layer profile, the spectrum, ELBO_SSL if asked.

What it finds is kept as ``evaluation.json`` beside the run, and its flat scores in the run's record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simssl_core.config import parse
from simssl_core.storage import evaluation_file
from simssl_core.storage.evaluation_file import Elbo, Findings, Layer
from simssl_core.storage.run_record import weights_id

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from simssl_core.analysis.trained_run import Reopened
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.features import Features
    from simssl_core.storage.run_record import RunRecord


IMAGES = 10_000  # that a probe learns from, and as many that it is asked about, as far as there are
LAYER_IMAGES = 2_000  # layers may be two thousand wide, and the profile is one picture
VIEW_DATA = 1_000
ELBO_SECONDS = 40.0
QUICK_IMAGES = 2_000
SEED = 0


class Progress(NamedTuple):
    """The ``share`` done in [0, 1], what is being done in ``words``, and at the end what was found."""

    share: float
    words: str
    found: Findings | None = None


def measure_fully(
    folder: Path | str,
    images: int = IMAGES,
    elbo: bool = False,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> Iterator[Progress]:
    """Measure the run in ``folder``; the last :class:`Progress` carries what was found. Writes nothing.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are not here, or of another shape.
        ShapeError: its encoder has diverged.
    """
    from simssl_core.analysis.trained_run import reopen
    from simssl_core.evaluation.layers import layer_scores
    from simssl_core.evaluation.scores import check_finite, score
    from simssl_core.evaluation.uncertainty import beside
    from simssl_core.evaluation.zero_shot import caption_scores

    folder, started = Path(folder), time.perf_counter()
    weights, end = weights_id(folder), 0.5 if elbo else 1.0
    yield Progress(0.0, "loading the run and its data")
    run = reopen(folder, device, data, images)
    yield Progress(0.1 * end, "encoding")
    profile = _profile(run, images)
    features = profile["representation"]
    check_finite(features)
    yield Progress(0.3 * end, "probes of content, style and geometry")
    scores = score(features, full=True) | caption_scores(run.objective, run.dataset, run.views)
    yield Progress(0.75 * end, "how far off each could be")
    known = beside(features, scores)
    yield Progress(0.85 * end, "layer by layer")
    layers = layer_scores({name: _fewer(one) for name, one in profile.items()})
    values = {"weights": weights, "step": run.record.step, "scores": scores, **known}
    found = parse(Findings, values, evaluation_file.FILE).model_copy(update={"layers": as_layers(layers)})
    if elbo:
        for share, bound in _elbo(run):
            found = found.model_copy(update={"elbo": bound})
            yield Progress(0.5 + 0.5 * min(share, 0.99), "ELBO_SSL of the frozen representation")
    seconds = round(time.perf_counter() - started, 1)
    yield Progress(1.0, "measured", found.model_copy(update={"seconds": seconds}))


def save_evaluation(folder: Path | str, found: Findings) -> None:
    """Store what was found beside the run, and its scores in the run's record; an earlier ELBO_SSL is not lost.

    Raises:
        CheckpointError: the run went on training meanwhile, or is damaged.
        RunError: the disk cannot be written.
    """
    from simssl_core.errors import CheckpointError
    from simssl_core.storage.checkpoints import write_record
    from simssl_core.storage.run_record import read_run

    folder = Path(folder)
    if not evaluation_file.current(found, folder):
        raise CheckpointError(f"'{folder.name}' went on training meanwhile; measure it once it rests")
    if found.elbo is None:
        try:
            before = evaluation_file.read(folder)
        except CheckpointError:  # damaged: it is replaced
            before = None
        if before is not None and before.weights == found.weights:
            found = found.model_copy(update={"elbo": before.elbo})
    evaluation_file.write(folder, found)
    record = read_run(folder)
    scores = {**record.scores, **found.scores}
    write_record(folder, record.model_copy(update={"scores": scores, "score_step": record.step}))


def as_layers(scores: Mapping[str, Mapping[str, float]]) -> tuple[Layer, ...]:
    """The result of :func:`layers.layer_scores` in the form in which it is kept."""
    return tuple(
        Layer(
            name=name, width=int(of["width"]), **evaluation_file.finite({k: v for k, v in of.items() if k != "width"})
        )
        for name, of in scores.items()
    )


def _profile(run: Reopened, images: int) -> dict[str, Features]:
    """Features of every layer, ``representation`` (what the probes read) among them."""
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.layers import collect_layers

    plan = Plan(probe_images=images, map_points=1, clouds=0, share_data=VIEW_DATA, full=True)
    return collect_layers(run.objective.layers, run.dataset, run.views, plan, SEED)


def _fewer(features: Features) -> Features:
    """The first images alone: they lie in a fixed random order."""
    from dataclasses import replace

    cut = {name: getattr(features, name)[:LAYER_IMAGES] for name in ("train", "train_labels", "test", "test_labels")}
    return replace(features, **cut, views=features.views, true_factors=())


def _elbo(run: Reopened) -> Iterator[tuple[float, Elbo | None]]:
    """Fit and measure ELBO_SSL; the last item carries it."""
    from simssl_core.analysis.memory_decoders import model_for
    from simssl_core.latent.elbo import FrozenELBO, fit, measure
    from simssl_core.latent.frozen_features import freeze

    started = time.perf_counter()
    context = run.objective.context
    shape, width, views = tuple(context.shape), context.model.width, run.record.config.views.count
    model = FrozenELBO(model_for(shape), shape, width, context.likelihood)
    for share, _ in fit(model, run.objective.encode, run.dataset, run.views, ELBO_SECONDS, count=views):
        yield share, None
    held_out = freeze(run.objective.encode, run.dataset, run.views, views, limit=2_000, split="test")
    nats = measure(model, held_out)
    yield 1.0, Elbo(**nats._asdict(), views=views, seconds=round(time.perf_counter() - started, 1))


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
    from simssl_core.analysis.trained_run import reopen
    from simssl_core.evaluation.features import collect
    from simssl_core.evaluation.zero_shot import caption_scores

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
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.scores import score

    found = measure(folder, Plan(probe_images=images, full=full), device, data)
    return score(found.features, full) | dict(found.told)


def lay_out(
    folder: Path, kind: str, device: str = "auto", data: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """A new map of the run's final encoder: the points' table, and their places (N, 2) or (N, 3).

    ``kind`` is umap, pca or umap3.
    """
    from simssl_core.data.probe_set import Plan
    from simssl_core.latent.map_points import map_points
    from simssl_core.latent.projection import Projector

    found = measure(folder, Plan(), device, data)
    table, _ = map_points(found.dataset, found.views, found.plan, SEED)
    return table, getattr(Projector(SEED), kind)(found.features.map)


def save_scores(folder: Path, scores: Mapping[str, float]) -> None:
    """Put the scores into the run's record."""
    from simssl_core.storage.checkpoints import write_record
    from simssl_core.storage.run_record import read_run

    record = read_run(folder)
    write_record(folder, record.model_copy(update={"scores": {**record.scores, **scores}, "score_step": record.step}))
