"""The one measurement of an encoder: beside a training, at its end, in a study, and of a finished run.

:func:`encode` runs where the encoder is and turns images into plain arrays; :func:`measure` needs those arrays alone,
so it may run in another process. Everything else (when, with how many images, where the result goes) is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from simssl_core.data.catalog import Dataset
from simssl_core.data.probe_set import Plan
from simssl_core.data.view_maker import ViewMaker
from simssl_core.evaluation import scores, uncertainty
from simssl_core.evaluation.features import Features, ProbeViews, collect
from simssl_core.evaluation.geometry import relative_spectrum
from simssl_core.evaluation.layers import collect_layers, layer_scores
from simssl_core.evaluation.uncertainty import Interval
from simssl_core.evaluation.zero_shot import caption_scores

if TYPE_CHECKING:
    from simssl_core.objectives.base import Objective

VIEW_DATA = 1_000  # test data whose views a full measurement draws
LAYER_IMAGES = 2_000  # of each split in the layer profile: a layer may be two thousand wide


@dataclass(frozen=True)
class Encodings:
    """Everything that is measured of one encoder.

    Attributes:
        features: the representation of the images and views.
        captions: what only the objective itself can say of captions, see :func:`caption_scores`.
        layers: {name: features} from the backbone outwards; empty where no profile is wanted.
        full: whether :func:`measure` computes what is too slow to follow a training.
    """

    features: Features
    captions: Mapping[str, float] = field(default_factory=dict)
    layers: Mapping[str, Features] = field(default_factory=dict)
    full: bool = False


@dataclass(frozen=True)
class Measurement:
    """What was measured, in plain numbers.

    Attributes:
        scores: every number by its flat name, see :func:`simssl_core.evaluation.scores.score`.
        train, test: how many images a probe learnt from and was tested on.
        intervals: how far off a score could be, by the same names; None where that was not measured.
        spectrum: singular values of the test features relative to the largest; measured with the intervals.
        layers: {layer: {measure: value}}, see :func:`simssl_core.evaluation.layers.layer_scores`.
    """

    scores: dict[str, float]
    train: int = 0
    test: int = 0
    intervals: dict[str, Interval] | None = None
    spectrum: tuple[float, ...] = ()
    layers: dict[str, dict[str, float]] = field(default_factory=dict)


class Stage(NamedTuple):
    """The ``share`` done in [0, 1], the ``task`` begun, and what has been measured so far."""

    share: float
    task: str
    measurement: Measurement | None = None


def full_plan(images: int) -> Plan:
    """The full measurement of a run whose map is not drawn: ``images`` to learn from and as many to be tested on."""
    return Plan(probe_images=images, map_points=1, clouds=0, share_data=VIEW_DATA, full=True)


def encode(
    objective: Objective,
    dataset: Dataset,
    views: ViewMaker,
    plan: Plan,
    drawn: ProbeViews | None = None,
    layers: bool = False,
) -> Encodings:
    """Encode what ``plan`` asks for with ``objective``, whose evaluation mode is the caller's to set.

    Args:
        dataset, views: the data and its ViewMaker.
        drawn: the views to encode, from :func:`simssl_core.evaluation.features.draw`; drawn anew when None.
        layers: also encode every layer, for the layer profile.

    Raises:
        ShapeError: the encoder does not return one row for each image.
    """
    if layers:
        profile = collect_layers(objective.layers, dataset, views, plan, drawn=drawn)
        features = profile["representation"]
    else:
        profile = {}
        features = collect(objective.encode, dataset, views, plan, drawn=drawn)
    captions = caption_scores(objective, dataset, views) if plan.full else {}
    return Encodings(features, captions, profile, plan.full)


def measure(encodings: Encodings, intervals: bool = False, layer_images: int = LAYER_IMAGES) -> Iterator[Stage]:
    """Measure ``encodings``; the last :class:`Stage` carries all of it, an earlier one what was measured before it.

    Args:
        intervals: also measure how far off each score could be, and the spectrum.
        layer_images: images of each split that the layer profile is measured on, where layers were encoded.

    Raises:
        ShapeError: features that are not finite: the encoder has diverged.
    """
    features = encodings.features
    yield Stage(0.0, "probes of content, style and geometry")
    numbers = scores.score(features, full=encodings.full) | dict(encodings.captions)
    measurement = Measurement(numbers)
    if intervals:
        yield Stage(0.64, "how far off each could be", measurement)
        measurement = replace(
            measurement,
            train=len(features.train),
            test=len(features.test),
            intervals=uncertainty.intervals(features, numbers),
            spectrum=relative_spectrum(features.test),
        )
    if encodings.layers:
        yield Stage(0.78, "layer by layer", measurement)
        profile = {name: _first_images(layer, layer_images) for name, layer in encodings.layers.items()}
        measurement = replace(measurement, layers=layer_scores(profile))
    yield Stage(1.0, "measured", measurement)


def _first_images(features: Features, count: int) -> Features:
    """The first ``count`` images of each split alone (they lie in a fixed random order), with all of the views."""
    cut = {name: getattr(features, name)[:count] for name in ("train", "train_labels", "test", "test_labels")}
    return replace(features, **cut, true_factors=())
