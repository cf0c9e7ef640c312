"""The layer profile: what is known at the backbone, at each layer of the projection head, and at its output.

The picture that shows what a head is for: style that the backbone still has, and the output no longer needs.
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
    views: ViewMaker,
    plan: Plan,
    seed: int = MEASUREMENT_SEED,
    drawn: ProbeViews | None = None,
) -> dict[str, Features]:
    """Features of every layer, from backbone outwards, in one pass over the images.

    ``layers``: (B, C, H, W) -> {name: (B, width)}, as ``Objective.layers``; the rest as in :func:`features.collect`.
    """
    widths: dict[str, int] = {}

    def encode(images: torch.Tensor) -> torch.Tensor:
        found = {name: value.flatten(1) for name, value in layers(images).items()}
        widths.update({name: value.shape[1] for name, value in found.items()})
        return torch.cat([value.float() for value in found.values()], dim=1)

    together = collect(encode, dataset, views, plan, seed, drawn)
    if not widths:
        raise ShapeError("there is nothing to profile: no image was encoded")
    profile, start = {}, 0
    for name, width in widths.items():
        profile[name] = _columns(together, slice(start, start + width))
        start += width
    return profile


def _columns(features: Features, part: slice) -> Features:
    names = ("train", "test", "views", "map")
    return replace(features, **{name: getattr(features, name)[..., part] for name in names})


def layer_scores(profile: Mapping[str, Features]) -> dict[str, dict[str, float]]:
    """Of each layer its ``width`` and every metric declared with ``layers=True``; NaN: unknown."""
    return {name: _scores(features) for name, features in profile.items()}


def _scores(features: Features) -> dict[str, float]:
    numbers = tuple(f for f in features.factors if f.kind != "discrete")  # R² asks for no other
    of_layers = [row for row in metrics.rows() if row.layers]
    return compute(replace(features, factors=numbers), of_layers) | {"width": float(features.width)}
