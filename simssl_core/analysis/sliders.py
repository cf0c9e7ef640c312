"""The directions for the sliders of Traverse, computed from a run's own representations, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from simssl_core.latent import directions

if TYPE_CHECKING:
    from simssl_core.analysis.gallery import Gallery

DIMENSIONS, STYLE, CONTENT = "dimensions", "style directions", "content directions"
CLASSES, FACTORS = "class directions", "factor directions"
MIN_SHARE = 1e-4  # of the variance; a direction that explains less is omitted


@dataclass(frozen=True)
class SliderDirections:
    """K directions of one kind: unit ``vectors`` (K, D), the standard deviation ``std`` (K,) of the data along each
    (the unit of its slider), and for each a name and a note on its share of the variance or its σ."""

    kind: str
    vectors: Tensor
    std: Tensor
    names: tuple[str, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.vectors)


def slider_directions(
    latents: Tensor, views: Tensor | None, gallery: Gallery, factors: Iterable[Mapping[str, Any]]
) -> dict[str, SliderDirections]:
    """All directions by kind, from the ``latents`` (N, D) of a gallery.

    These are the single dimensions, style and content (if there are ``views`` (V, M, D) of M data), the direction
    towards each class, and the direction along each factor. ``factors`` describes the factors as in a run's record.
    """
    held_out = np.flatnonzero(gallery.cloud < 0)
    held_out_latents = latents[torch.as_tensor(held_out)]
    groups = [dimensions(held_out_latents)]
    if views is not None:
        groups += view_directions(views)
    groups += class_directions(held_out_latents, gallery.labels[held_out], gallery.names)
    groups += factor_directions(latents, gallery.factors, {factor["name"]: factor for factor in factors})
    return {group.kind: group for group in groups}


def dimensions(latents: Tensor) -> SliderDirections:
    """The single dimensions of ``latents`` (N, D), in order of falling variance."""
    axes = directions.axes(latents)
    order = axes.order
    names = tuple(f"z{int(k) + 1}" for k in order)
    notes = tuple(f"σ {float(axes.std[k]):.2g}" for k in order)
    return SliderDirections(DIMENSIONS, torch.eye(latents.shape[1])[order], axes.std[order], names, notes)


def view_directions(views: Tensor) -> Iterator[SliderDirections]:
    """The principal directions of views (V, N, D): of style (how views of a datum differ) and of content (how data
    differ), each with its share of the variance."""
    for kind, principal in ((STYLE, directions.style(views)), (CONTENT, directions.content(views))):
        count = int((principal.share > MIN_SHARE).sum())
        if count:
            names = tuple(f"{kind.split()[0]} {k + 1}" for k in range(count))
            notes = tuple(f"{float(share):.0%}" for share in principal.share[:count])
            yield SliderDirections(kind, principal.vectors[:count], principal.std[:count], names, notes)


def class_directions(z: Tensor, labels: np.ndarray, names: Sequence[str]) -> Iterator[SliderDirections]:
    """For each class of z (N, D) with labels (N,) (−1: unlabelled), the direction from all other data to its mean."""
    labelled = np.flatnonzero(labels >= 0)
    classes = [int(k) for k in np.unique(labels[labelled]) if k < len(names)]
    if len(classes) > 1:
        targets = torch.as_tensor(labels[labelled])
        flags = {names[k]: (targets == k).float() for k in classes}
        yield from _attributes(CLASSES, z[torch.as_tensor(labelled)], flags)


def factor_directions(
    z: Tensor, factors: Mapping[str, np.ndarray], descriptions: Mapping[str, Mapping[str, Any]]
) -> Iterator[SliderDirections]:
    """For each factor of z (N, D), with values (N,) by name (NaN: unknown), the direction in which it increases.

    ``descriptions`` describes the factors by name, as in a run's record. An angle gives two directions, for its sine
    and its cosine. A discrete factor with more than two classes has no order and gives none.
    """
    numbers: dict[str, Tensor] = {}
    for name, column in factors.items():
        description = descriptions.get(name, {})
        values = torch.as_tensor(column, dtype=torch.float32)
        title = name.replace("_", " ")
        if description.get("kind") == "circular":
            numbers |= {f"{title} (sine)": values.sin(), f"{title} (cosine)": values.cos()}
        elif description.get("kind") != "discrete" or len(description.get("classes") or ()) <= 2:
            numbers[title] = values
    yield from _attributes(FACTORS, z, numbers)


def _attributes(kind: str, z: Tensor, values: Mapping[str, Tensor]) -> Iterator[SliderDirections]:
    """The attribute vectors of ``values`` by name, in order of falling share of the variance."""
    attributes = {name: directions.attribute(z, value) for name, value in values.items()}
    relevant = [name for name, attribute in attributes.items() if attribute.share > MIN_SHARE]
    names = sorted(relevant, key=lambda name: -attributes[name].share)
    if names:
        vectors = torch.stack([attributes[name].slope / attributes[name].slope.norm() for name in names])
        notes = tuple(f"{attributes[name].share:.0%}" for name in names)
        yield SliderDirections(kind, vectors, (z @ vectors.T).std(0), tuple(names), notes)
