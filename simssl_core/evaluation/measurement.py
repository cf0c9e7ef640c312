"""The one measurement of an encoder, used during and after training, in a study, and for a stored run.

:func:`encode` runs where the encoder is and turns images into plain arrays; :func:`measure` needs only those arrays,
so it can run in another process. The caller decides when to measure, on how many images, and what to do with the
result.
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

VIEW_DATA = 1_000  # test data of which a full measurement draws views
LAYER_IMAGES = 2_000  # images of each split in the layer profile: a layer can have two thousand dimensions


@dataclass(frozen=True)
class Encodings:
    """All outputs of one encoder that :func:`measure` needs.

    Attributes:
        features: the representation of the images and views.
        captions: scores that need the objective itself, see :func:`caption_scores`.
        layers: {name: features} from the backbone to the output; empty without a layer profile.
        full: whether :func:`measure` also computes the scores that are too slow to follow a training.
    """

    features: Features
    captions: Mapping[str, float] = field(default_factory=dict)
    layers: Mapping[str, Features] = field(default_factory=dict)
    full: bool = False


@dataclass(frozen=True)
class Measurement:
    """The result of a measurement, in plain numbers.

    Attributes:
        scores: every score by its flat name, see :func:`simssl_core.evaluation.scores.score`.
        train, test: the number of images that a probe learnt from and was tested on.
        intervals: 95 % intervals of scores, by the same names; None if they were not computed.
        spectrum: singular values of the test features relative to the largest; computed with the intervals.
        layers: {layer: {metric: value}}, see :func:`simssl_core.evaluation.layers.layer_scores`.
    """

    scores: dict[str, float]
    train: int = 0
    test: int = 0
    intervals: dict[str, Interval] | None = None
    spectrum: tuple[float, ...] = ()
    layers: dict[str, dict[str, float]] = field(default_factory=dict)


class Stage(NamedTuple):
    """The ``share`` done in [0, 1], the ``task`` that starts now, and the scores measured so far."""

    share: float
    task: str
    measurement: Measurement | None = None


def full_plan(images: int) -> Plan:
    """Return the plan of a full measurement without a map, on ``images`` training and as many test images."""
    return Plan(probe_images=images, map_points=1, clouds=0, share_data=VIEW_DATA, full=True)


def encode(
    objective: Objective,
    dataset: Dataset,
    view_maker: ViewMaker,
    plan: Plan,
    drawn: ProbeViews | None = None,
    layers: bool = False,
) -> Encodings:
    """Encode what ``plan`` asks for with ``objective``; the caller sets evaluation mode.

    Args:
        drawn: the views to encode, from :func:`simssl_core.evaluation.features.draw`; if None, they are drawn here.
        layers: whether to encode every layer too, for the layer profile.

    Raises:
        ShapeError: the encoder does not return one row for each image.
    """
    if layers:
        profile = collect_layers(objective.layers, dataset, view_maker, plan, drawn=drawn)
        features = profile["representation"]
    else:
        profile = {}
        features = collect(objective.encode, dataset, view_maker, plan, drawn=drawn)
    captions = caption_scores(objective, dataset, view_maker) if plan.full else {}
    return Encodings(features, captions, profile, plan.full)


def measure(encodings: Encodings, intervals: bool = False, layer_images: int = LAYER_IMAGES) -> Iterator[Stage]:
    """Measure ``encodings``; each :class:`Stage` carries the scores measured so far, the last one all of them.

    Args:
        intervals: whether to compute the intervals of the scores and the spectrum too.
        layer_images: how many images of each split the layer profile is measured on, if layers were encoded.

    Raises:
        ShapeError: the features are not finite; the encoder has diverged.
    """
    features = encodings.features
    yield Stage(0.0, "probes of content, style and geometry")
    values = scores.score(features, full=encodings.full) | dict(encodings.captions)
    measurement = Measurement(values)
    if intervals:
        yield Stage(0.64, "how far off each could be", measurement)
        measurement = replace(
            measurement,
            train=len(features.train),
            test=len(features.test),
            intervals=uncertainty.intervals(features, values),
            spectrum=relative_spectrum(features.test),
        )
    if encodings.layers:
        yield Stage(0.78, "layer by layer", measurement)
        profile = {name: _first_images(layer, layer_images) for name, layer in encodings.layers.items()}
        measurement = replace(measurement, layers=layer_scores(profile))
    yield Stage(1.0, "measured", measurement)


def _first_images(features: Features, count: int) -> Features:
    """Return ``features`` with the first ``count`` images of each split (in a fixed random order) and all views."""
    first = {name: getattr(features, name)[:count] for name in ("train", "train_labels", "test", "test_labels")}
    return replace(features, **first, true_factors=())
