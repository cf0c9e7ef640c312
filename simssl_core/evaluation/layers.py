"""The layer profile: scores of the backbone, of each layer of the projection head, and of its output.

It shows the purpose of a projection head: the backbone still holds style that the output no longer does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from simssl_core import metrics
from simssl_core.data.catalog import Dataset
from simssl_core.data.probe_set import MEASUREMENT_SEED
from simssl_core.data.view_maker import ViewMaker
from simssl_core.errors import ShapeError
from simssl_core.evaluation.features import Features, Plan, ProbeViews, collect
from simssl_core.evaluation.scores import compute

Layers = Callable[[torch.Tensor], Mapping[str, torch.Tensor]]


def collect_layers(
    layers: Layers,
    dataset: Dataset,
    view_maker: ViewMaker,
    plan: Plan,
    seed: int = MEASUREMENT_SEED,
    drawn: ProbeViews | None = None,
) -> dict[str, Features]:
    """Return the features of every layer, from the backbone to the output, encoded in one pass over the images.

    ``layers`` maps (B, C, H, W) to {name: (B, width)}, as ``Objective.layers`` does; the other arguments are those of
    :func:`simssl_core.evaluation.features.collect`.

    Raises:
        ShapeError: no image was encoded.
    """
    widths: dict[str, int] = {}

    def encode(images: torch.Tensor) -> torch.Tensor:
        outputs = {name: output.flatten(1) for name, output in layers(images).items()}
        widths.update({name: output.shape[1] for name, output in outputs.items()})
        return torch.cat([output.float() for output in outputs.values()], dim=1)

    all_layers = collect(encode, dataset, view_maker, plan, seed, drawn)
    if not widths:
        raise ShapeError("there is nothing to profile: no image was encoded")
    profile: dict[str, Features] = {}
    start = 0
    for name, width in widths.items():
        profile[name] = _columns(all_layers, slice(start, start + width))
        start += width
    return profile


def _columns(features: Features, part: slice) -> Features:
    """Return ``features`` with only the columns ``part`` of every array of representations."""
    names = ("train", "test", "views", "map")
    return replace(features, **{name: getattr(features, name)[..., part] for name in names})


def layer_scores(profile: Mapping[str, Features]) -> dict[str, dict[str, float]]:
    """Return {layer: {metric: value}}: the ``width`` and every metric declared with ``layers=True``; NaN: undefined."""
    return {name: _scores(features) for name, features in profile.items()}


def _scores(features: Features) -> dict[str, float]:
    regressed = tuple(factor for factor in features.factors if factor.kind != "discrete")  # the ones that R² needs
    layer_metrics = [row for row in metrics.rows() if row.layers]
    return compute(replace(features, factors=regressed), layer_metrics) | {"width": float(features.width)}
