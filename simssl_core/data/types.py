"""The types of the data: splits stored as uint8, the factors behind an image, and J views of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the catalog lists data sets and their factors without torch
    import torch


@dataclass(frozen=True)
class Factor:
    """One known factor of an image: a parameter of an augmentation, a true factor of procedural data, or an attribute.

    ``kind`` decides the probe: ``continuous`` factors are read by ridge regression, ``circular`` ones (radians) as
    (sin, cos), ``discrete`` ones (integers ``0..len(classes)-1``) by logistic regression. ``low`` and ``high`` bound
    the values.
    """

    name: str
    kind: Literal["continuous", "circular", "discrete"] = "continuous"
    low: float = 0.0
    high: float = 1.0
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """N images on one device: ``images`` uint8 (N, C, H, W), ``labels`` int64 (N,) (−1: unlabelled), true ``factors``
    by name, float32 (N,), and one caption for each image if the data set has captions."""

    images: torch.Tensor
    labels: torch.Tensor
    factors: dict[str, torch.Tensor] = field(default_factory=dict)
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Views:
    """J views of B data.

    ``images``: float32 in [0, 1], (J, B, C, H, W). ``factors``: the style factors of each view by name, float32 (J, B).
    ``index``: int64 (B,), the positions of the data in their split. ``labels``: int64 (B,). ``tokens``: int64 (B, T),
    the words of the captions, padded with 0, or None.
    """

    images: torch.Tensor
    factors: dict[str, torch.Tensor]
    index: torch.Tensor
    labels: torch.Tensor
    tokens: torch.Tensor | None = None

    @property
    def count(self) -> int:
        """J, the number of views of each datum."""
        return self.images.shape[0]
