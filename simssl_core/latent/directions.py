"""Interpretable directions in a latent space: those of content, of style, and of an attribute.

The functions take and return tensors, float32 or float64; none of them decodes. The rows of a basis are unit vectors,
the most important first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from simssl_core.errors import ShapeError


@dataclass(frozen=True)
class Directions:
    """K orthonormal ``vectors`` (K, D) through ``center`` (D,).

    ``std`` (K,) is the standard deviation along each vector and ``share`` (K,) its share of the variance; both descend.
    """

    vectors: Tensor
    std: Tensor
    share: Tensor
    center: Tensor

    def up_to(self, share: float) -> Tensor:
        """Return the fewest leading vectors (k, D) that hold at least ``share`` of the variance; at least one."""
        count = int((self.share.cumsum(0) < share - 1e-6).sum()) + 1
        return self.vectors[:count]


def principal(rows: Tensor, count: int | None = None) -> Directions:
    """Return at most ``count`` principal directions of ``rows`` (N, D); the largest entry of each is positive.

    Raises:
        ShapeError: ``rows`` is not (N, D) with at least two rows.
    """
    if rows.ndim != 2 or len(rows) < 2:
        raise ShapeError(f"directions need two or more rows (N, D), not a tensor of shape {tuple(rows.shape)}")
    center = rows.mean(0)
    centred = (rows - center).double()
    variance, axes = torch.linalg.eigh(centred.T @ centred / len(rows))
    variance, axes = variance.flip(0).clamp(min=0), axes.flip(1).T
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    axes = axes * torch.where(largest < 0, -1.0, 1.0)
    share = variance / variance.sum() if variance.sum() > 0 else torch.zeros_like(variance)
    vectors, std, share = (values[:count].to(rows.dtype) for values in (axes, variance.sqrt(), share))
    return Directions(vectors, std, share, center)


def content(views: Tensor, count: int | None = None) -> Directions:
    """Return the directions in which data differ: the principal directions of z̄, the mean over the views of a datum.

    ``views`` is (V, N, D). z̄ still contains 1/V of the variance of style.
    """
    return principal(_checked(views).mean(0), count)


def style(views: Tensor, count: int | None = None) -> Directions:
    """Return the directions in which the views of a datum differ: the principal directions of z − z̄.

    ``views`` is (V, N, D); the differences are pooled over the data.
    """
    views = _checked(views)
    differences = principal((views - views.mean(0)).flatten(0, 1), count)
    return Directions(differences.vectors, differences.std, differences.share, views.mean((0, 1)))


@dataclass(frozen=True)
class Attribute:
    """How the mean representation changes with a value.

    ``slope`` (D,) is the change per unit (for a flag: from no to yes). ``share`` is the share of the features'
    variance that the value explains.
    """

    slope: Tensor
    share: float


def attribute(features: Tensor, values: Tensor) -> Attribute:
    """Return the attribute vector of ``values`` (N,), a number or a 0/1 flag for each row of ``features`` (N, D).

    It is the least-squares slope cov(z, v)/var(v), which for a flag is the difference between the two means. NaN values
    are left out. The slope is zero if the value never varies. For a circular value, pass its sine and then its cosine.
    """
    finite = values.isfinite()
    z, v = features[finite].double(), values[finite].double()
    if len(v) < 2 or v.std() < 1e-9:
        return Attribute(torch.zeros_like(features[0]), 0.0)
    z, v = z - z.mean(0), v - v.mean()
    slope = (v @ z) / v.square().sum()
    total = z.square().sum()
    share = (slope.square().sum() * v.square().sum() / total).item() if total > 0 else 0.0
    return Attribute(slope.to(features.dtype), share)


@dataclass(frozen=True)
class Axes:
    """The dimensions of a representation, for sliders.

    ``order`` (D,) lists them by descending variance; ``low`` and ``high`` (D,) are the ends of each slider.
    """

    order: Tensor
    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor


def axes(features: Tensor, spread: float = 3.0) -> Axes:
    """Return the order and the slider ranges (mean ± ``spread`` · std) of the dimensions of ``features`` (N, D)."""
    mean, std = features.mean(0), features.std(0, correction=0)
    reach = spread * std.clamp(min=1e-6)  # a slider needs two distinct ends, also for a constant dimension
    return Axes(torch.argsort(std, descending=True, stable=True), mean, std, mean - reach, mean + reach)


def _checked(views: Tensor) -> Tensor:
    """Return ``views``; raise ShapeError if they are not (V, N, D) with at least two rows."""
    if views.ndim != 3 or math.prod(views.shape[:2]) < 2:
        raise ShapeError(f"views are (V, N, D) with two or more rows in all, not {tuple(views.shape)}")
    return views
