"""What Traverse's sliders can move along: directions found in a run's own representations, by kind."""

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
LEAST = 1e-4  # of the variance: a direction that holds less is left out


@dataclass(frozen=True)
class SliderDirections:
    """K directions to move in: ``vectors`` (K, D) of length one, ``std`` (K,) of the data along each (a slider's unit),
    a ``name`` each and a ``note`` on its weight."""

    kind: str
    vectors: Tensor
    std: Tensor
    names: tuple[str, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.vectors)


def slider_directions(
    latents: Tensor, views: Tensor | None, gallery: Gallery, described: Iterable[Mapping[str, Any]]
) -> dict:
    """{kind: Ways} of a gallery's ``latents`` (N, D): dimensions; if there are ``views`` (V, M, D) of some data, style
    and content; towards each class; along each factor, as a run's record ``described`` it."""
    held_out = np.flatnonzero(gallery.cloud < 0)
    known = latents[torch.as_tensor(held_out)]
    found = [dimensions(known)]
    if views is not None:
        found += view_directions(views)
    found += class_directions(known, gallery.labels[held_out], gallery.names)
    found += factor_directions(latents, gallery.factors, {factor["name"]: factor for factor in described})
    return {some.kind: some for some in found}


def dimensions(known: Tensor) -> SliderDirections:
    """Single dimensions of ``known`` (N, D), the most varying first."""
    axes = directions.axes(known)
    order = axes.order
    names = tuple(f"z{int(k) + 1}" for k in order)
    notes = tuple(f"σ {float(axes.std[k]):.2g}" for k in order)
    return SliderDirections(DIMENSIONS, torch.eye(known.shape[1])[order], axes.std[order], names, notes)


def view_directions(views: Tensor) -> Iterator[SliderDirections]:
    """From views (V, N, D): the principal directions of style (how views of one datum differ) and of content (how data
    differ), with the share of the variance that each explains."""
    for kind, some in ((STYLE, directions.style(views)), (CONTENT, directions.content(views))):
        keep = int((some.share > LEAST).sum())
        if keep:
            names = tuple(f"{kind.split()[0]} {k + 1}" for k in range(keep))
            notes = tuple(f"{float(share):.0%}" for share in some.share[:keep])
            yield SliderDirections(kind, some.vectors[:keep], some.std[:keep], names, notes)


def class_directions(z: Tensor, labels: np.ndarray, names: Sequence[str]) -> Iterator[SliderDirections]:
    """From z (N, D) with labels (N,), −1 for none: from all other data towards the mean of each class."""
    known = np.flatnonzero(labels >= 0)
    classes = [int(k) for k in np.unique(labels[known]) if k < len(names)]
    if len(classes) > 1:
        own = torch.as_tensor(labels[known])
        yield from _attributes(CLASSES, z[torch.as_tensor(known)], {names[k]: (own == k).float() for k in classes})


def factor_directions(
    z: Tensor, factors: Mapping[str, np.ndarray], about: Mapping[str, Mapping[str, Any]]
) -> Iterator[SliderDirections]:
    """From z (N, D) with numbers (N,) by name, NaN where unknown: the direction in which each of them grows.

    ``about`` describes factors as a run's record does. An angle gives two directions, its sine's and its cosine's; what
    has more than two kinds is no number and gives none.
    """
    numbers: dict[str, Tensor] = {}
    for name, values in factors.items():
        described, known = about.get(name, {}), torch.as_tensor(values, dtype=torch.float32)
        words = name.replace("_", " ")
        if described.get("kind") == "circular":
            numbers |= {f"{words} (sine)": known.sin(), f"{words} (cosine)": known.cos()}
        elif described.get("kind") != "discrete" or len(described.get("classes") or ()) <= 2:
            numbers[words] = known
    yield from _attributes(FACTORS, z, numbers)


def _attributes(kind: str, z: Tensor, values: Mapping[str, Tensor]) -> Iterator[SliderDirections]:
    """The attribute vectors of ``values`` by name, the one that explains most of the variance first."""
    found = {name: directions.attribute(z, value) for name, value in values.items()}
    names = sorted((name for name in found if found[name].share > LEAST), key=lambda name: -found[name].share)
    if names:
        vectors = torch.stack([found[name].slope / found[name].slope.norm() for name in names])
        notes = tuple(f"{found[name].share:.0%}" for name in names)
        yield SliderDirections(kind, vectors, (z @ vectors.T).std(0), tuple(names), notes)
