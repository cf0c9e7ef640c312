"""Measure a finished run: its quick scores, or everything with uncertainty, layer profile and optionally ELBO_SSL.

The full measurement is stored as ``evaluation.json`` in the run's folder, and its scores also in the run's record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simssl_core.storage import evaluation_file
from simssl_core.storage.evaluation_file import Elbo, Evaluation
from simssl_core.storage.run_record import weights_id

if TYPE_CHECKING:
    from simssl_core.analysis.trained_run import TrainedRun

IMAGES = 2_000  # training images for the probes, and as many test images, if the data set has that many
FULL_IMAGES = 10_000
ELBO_SECONDS = 40.0


class Progress(NamedTuple):
    """The completed ``share`` in [0, 1], the current ``task``, and at the end the ``findings``."""

    share: float
    task: str
    findings: Evaluation | None = None


def evaluate(
    folder: Path | str,
    images: int = IMAGES,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """The quick scores of the run in ``folder``, from up to ``images`` training and as many test images.

    ``data`` overrides fields of the run's data configuration, such as the path. Writes no files.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are missing or have another shape.
        ShapeError: its encoder has diverged.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.measurement import encode, measure

    run = open_trained_run(Path(folder), device, data)
    encodings = encode(run.objective, run.dataset, run.view_maker, Plan(probe_images=images))
    *_, last = measure(encodings)
    return last.measurement.scores


def evaluate_in_full(
    folder: Path | str,
    images: int = FULL_IMAGES,
    elbo: bool = False,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> Iterator[Progress]:
    """Measure everything about the run in ``folder``; the last :class:`Progress` has the findings. Writes no files.

    Arguments and errors are those of :func:`evaluate`. ``elbo``: also estimate ELBO_SSL of the frozen representation.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.evaluation.measurement import encode, full_plan, measure

    folder = Path(folder)
    started = time.perf_counter()
    weights = weights_id(folder)
    end = 0.5 if elbo else 1.0  # the share of the progress that the measurement without ELBO_SSL takes
    yield Progress(0.0, "loading the run and its data")
    run = open_trained_run(folder, device, data, images)
    yield Progress(0.1 * end, "encoding")
    encodings = encode(run.objective, run.dataset, run.view_maker, full_plan(images), layers=True)
    for stage in measure(encodings, intervals=True):
        yield Progress((0.3 + 0.69 * stage.share) * end, stage.task)
    findings = evaluation_file.as_findings(stage.measurement, weights, run.record.step)
    if elbo:
        for share, bound in _elbo(run):
            findings = findings.model_copy(update={"elbo": bound})
            yield Progress(0.5 + 0.5 * min(share, 0.99), "ELBO_SSL of the frozen representation")
    seconds = round(time.perf_counter() - started, 1)
    yield Progress(1.0, "measured", findings.model_copy(update={"seconds": seconds}))


def save_scores(folder: Path, scores: Mapping[str, float]) -> None:
    """Add the scores to the run's record."""
    from simssl_core.storage.checkpoints import write_record
    from simssl_core.storage.run_record import read_run

    record = read_run(folder)
    write_record(folder, record.model_copy(update={"scores": {**record.scores, **scores}, "score_step": record.step}))


def save_evaluation(folder: Path | str, findings: Evaluation) -> None:
    """Store the findings in the run's folder, and their scores in its record.

    Findings without ELBO_SSL keep the value of an earlier measurement of the same weights.

    Raises:
        CheckpointError: the run was trained further in the meantime, or is damaged.
        RunError: the disk cannot be written.
    """
    from simssl_core.errors import CheckpointError

    folder = Path(folder)
    if not evaluation_file.is_current(findings, folder):
        raise CheckpointError(f"'{folder.name}' was trained further in the meantime; measure it after its training")
    if findings.elbo is None:
        try:
            previous = evaluation_file.read(folder)
        except CheckpointError:  # a damaged file is replaced
            previous = None
        if previous is not None and previous.weights == findings.weights:
            findings = findings.model_copy(update={"elbo": previous.elbo})
    evaluation_file.write(folder, findings)
    save_scores(folder, findings.scores)


def _elbo(run: TrainedRun) -> Iterator[tuple[float, Elbo | None]]:
    """Fit and measure ELBO_SSL: (completed share, None) while fitting, then (1, result)."""
    from simssl_core.analysis.memory_decoders import model_for
    from simssl_core.latent.elbo import FrozenELBO, fit, measure
    from simssl_core.latent.frozen_features import freeze

    started = time.perf_counter()
    context = run.objective.context
    shape, width = tuple(context.shape), context.model.width
    count = run.record.config.views.count
    model = FrozenELBO(model_for(shape), shape, width, context.likelihood)
    for share, _ in fit(model, run.objective.encode, run.dataset, run.view_maker, ELBO_SECONDS, count=count):
        yield share, None
    held_out = freeze(run.objective.encode, run.dataset, run.view_maker, count, limit=2_000, split="test")
    nats = measure(model, held_out)
    seconds = round(time.perf_counter() - started, 1)
    yield 1.0, Elbo(**nats._asdict(), views=count, seconds=seconds)
