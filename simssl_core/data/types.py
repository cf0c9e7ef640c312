"""What travels through the lab: data sets held as uint8, the factors that made an image, and J views of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # data sets are listed without torch, and say which factors they have
    import torch


@dataclass(frozen=True)
class Factor:
    """One known cause of an image: an augmentation's parameter, a true factor of procedural data, an attribute.

    ``kind`` says how it is probed: ``continuous`` by ridge regression, ``circular`` (radians) as (sin, cos),
    ``discrete`` (integers ``0..len(classes)-1``) by logistic regression.
    """

    name: str
    kind: Literal["continuous", "circular", "discrete"] = "continuous"
    low: float = 0.0
    high: float = 1.0
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """N images on one device: ``images`` uint8 (N, C, H, W), ``labels`` int64 (N,) (−1: unlabelled), true ``factors``
    by name, float32 (N,), and a caption each where the data set has them."""

    images: torch.Tensor
    labels: torch.Tensor
    factors: dict[str, torch.Tensor] = field(default_factory=dict)
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Views:
    """J views of B data.

    ``images`` float32 in [0, 1], (J, B, C, H, W); ``factors`` what was drawn for each, float32 (J, B); ``index`` int64
    (B,) the data's places in their split; ``labels`` int64 (B,); ``tokens`` int64 (B, T) the captions' words (0 pads),
    or None.
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
