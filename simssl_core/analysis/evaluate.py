"""Measure a finished run again: its quick scores, or everything, with uncertainty, layer profile and ELBO_SSL if asked.

The full measurement is stored as ``evaluation.json`` with the run, its flat scores in the run's record.
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

IMAGES = 2_000  # that a probe learns from, and as many that it is tested on, as far as there are
FULL_IMAGES = 10_000
ELBO_SECONDS = 40.0


class Progress(NamedTuple):
    """The ``share`` done in [0, 1], the ``task`` begun, and at the end the ``findings``."""

    share: float
    task: str
    findings: Evaluation | None = None


def evaluate(
    folder: Path | str,
    images: int = IMAGES,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """The run's quick scores, from ``images`` training and as many test images (as far as there are).

    ``data`` overrides where the data lie. Writes nothing.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are not here, or of another shape.
        ShapeError: its encoder has diverged.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.measurement import encode, measure

    run = open_trained_run(Path(folder), device, data)
    *_, last = measure(encode(run.objective, run.dataset, run.views, Plan(probe_images=images)))
    return last.measurement.scores


def evaluate_in_full(
    folder: Path | str,
    images: int = FULL_IMAGES,
    elbo: bool = False,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> Iterator[Progress]:
    """Measure everything about the run in ``folder``; the last :class:`Progress` carries the findings. Writes nothing.

    Args and errors as of :func:`evaluate`; ``elbo``: ELBO_SSL of the frozen representation too.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.evaluation.measurement import encode, full_plan, measure

    folder, started = Path(folder), time.perf_counter()
    weights, end = weights_id(folder), 0.5 if elbo else 1.0
    yield Progress(0.0, "loading the run and its data")
    run = open_trained_run(folder, device, data, images)
    yield Progress(0.1 * end, "encoding")
    encodings = encode(run.objective, run.dataset, run.views, full_plan(images), layers=True)
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
    """Put the scores into the run's record."""
    from simssl_core.storage.checkpoints import write_record
    from simssl_core.storage.run_record import read_run

    record = read_run(folder)
    write_record(folder, record.model_copy(update={"scores": {**record.scores, **scores}, "score_step": record.step}))


def save_evaluation(folder: Path | str, findings: Evaluation) -> None:
    """Store the findings with the run, and their scores in its record; an earlier ELBO_SSL is not lost.

    Raises:
        CheckpointError: the run went on training meanwhile, or is damaged.
        RunError: the disk cannot be written.
    """
    from simssl_core.errors import CheckpointError

    folder = Path(folder)
    if not evaluation_file.is_current(findings, folder):
        raise CheckpointError(f"'{folder.name}' went on training meanwhile; measure it once it rests")
    if findings.elbo is None:
        try:
            before = evaluation_file.read(folder)
        except CheckpointError:  # damaged: it is replaced
            before = None
        if before is not None and before.weights == findings.weights:
            findings = findings.model_copy(update={"elbo": before.elbo})
    evaluation_file.write(folder, findings)
    save_scores(folder, findings.scores)


def _elbo(run: TrainedRun) -> Iterator[tuple[float, Elbo | None]]:
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
