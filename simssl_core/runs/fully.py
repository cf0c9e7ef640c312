"""The full measurement of a run: every probe with its uncertainty, the layer profile, the spectrum, ELBO_SSL if asked.

What it finds is kept as ``evaluation.json`` beside the run, and its flat scores in the run's record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simssl_core.config import parse
from simssl_core.runs import findings
from simssl_core.runs.findings import Elbo, Findings, Layer
from simssl_core.runs.identity import weights_id

if TYPE_CHECKING:
    from simssl_core.evaluation.features import Features
    from simssl_core.runs.reopened import Reopened

IMAGES = 10_000  # that a probe learns from, and as many that it is asked about, as far as there are
LAYER_IMAGES = 2_000  # layers may be two thousand wide, and the profile is one picture
VIEW_DATA = 1_000
ELBO_SECONDS = 40.0
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
    from simssl_core.evaluation.captions import caption_scores
    from simssl_core.evaluation.layers import layer_scores
    from simssl_core.evaluation.score import check_finite, score
    from simssl_core.runs.reopened import reopen

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
    found = parse(Findings, values, findings.FILE).model_copy(update={"layers": as_layers(layers)})
    if elbo:
        for share, bound in _elbo(run):
            found = found.model_copy(update={"elbo": bound})
            yield Progress(0.5 + 0.5 * min(share, 0.99), "ELBO_SSL of the frozen representation")
    seconds = round(time.perf_counter() - started, 1)
    yield Progress(1.0, "measured", found.model_copy(update={"seconds": seconds}))


def keep(folder: Path | str, found: Findings) -> None:
    """Store what was found beside the run, and its scores in the run's record; an earlier ELBO_SSL is not lost.

    Raises:
        CheckpointError: the run went on training meanwhile, or is damaged.
        RunError: the disk cannot be written.
    """
    from simssl_core.errors import CheckpointError
    from simssl_core.training.checkpoints import write_record
    from simssl_core.training.records import read_run

    folder = Path(folder)
    if not findings.current(found, folder):
        raise CheckpointError(f"'{folder.name}' went on training meanwhile; measure it once it rests")
    if found.elbo is None:
        try:
            before = findings.read(folder)
        except CheckpointError:  # damaged: it is replaced
            before = None
        if before is not None and before.weights == found.weights:
            found = found.model_copy(update={"elbo": before.elbo})
    findings.write(folder, found)
    record = read_run(folder)
    scores = {**record.scores, **found.scores}
    write_record(folder, record.model_copy(update={"scores": scores, "score_step": record.step}))


def relative_spectrum(features: Any) -> tuple[float, ...]:
    """The singular values of the centred features (N, D), divided by the largest, falling; zeros if nothing varies."""
    from simssl_core.evaluation.geometry import spectrum

    values = spectrum(features)
    top = float(values.max()) if len(values) else 0.0
    return tuple(min(1.0, float(v)) for v in (values / top if top > 0 else values * 0))


def as_layers(scores: Mapping[str, Mapping[str, float]]) -> tuple[Layer, ...]:
    """The result of :func:`layers.layer_scores` in the form in which it is kept."""
    return tuple(
        Layer(name=name, width=int(of["width"]), **findings.finite({k: v for k, v in of.items() if k != "width"}))
        for name, of in scores.items()
    )


def beside(features: Features, scores: Mapping[str, float]) -> dict[str, Any]:
    """What a measurement finds beside its flat scores without looking at the layers: plain numbers, to be sent."""
    from simssl_core.evaluation.intervals import intervals

    return {
        "train": len(features.train),
        "test": len(features.test),
        "intervals": {name: spread._asdict() for name, spread in intervals(features, scores).items()},
        "spectrum": relative_spectrum(features.test),
    }


def keep_beside(folder: Path, step: int, scores: Mapping[str, float], found: Mapping[str, Any]) -> None:
    """Store what :func:`beside` found at the end of a training; the layers are left to a full measurement.

    Raises:
        CheckpointError: the run has no weights.
        RunError: the disk cannot be written.
    """
    values = {"weights": weights_id(folder), "step": step, "scores": dict(scores), **found}
    findings.write(folder, parse(Findings, values, findings.FILE))


def _profile(run: Reopened, images: int) -> dict[str, Features]:
    """Features of every layer, ``representation`` (what the probes read) among them."""
    from simssl_core.data.selection import Plan
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
    from simssl_core.latent import frozen_elbo
    from simssl_core.latent.frozen import freeze
    from simssl_core.runs.memory import model_for

    started = time.perf_counter()
    context = run.objective.context
    shape, width, views = tuple(context.shape), context.model.width, run.record.config.views.count
    model = frozen_elbo.FrozenELBO(model_for(shape), shape, width, context.likelihood)
    for share, _ in frozen_elbo.fit(model, run.objective.encode, run.dataset, run.views, ELBO_SECONDS, count=views):
        yield share, None
    held_out = freeze(run.objective.encode, run.dataset, run.views, views, limit=2_000, split="test")
    nats = frozen_elbo.measure(model, held_out)
    yield 1.0, Elbo(**nats._asdict(), views=views, seconds=round(time.perf_counter() - started, 1))
