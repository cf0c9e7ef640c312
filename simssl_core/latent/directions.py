"""Directions in a latent space that mean something: what carries content, what style, what follows an attribute.

Tensors in and out, float32 or float64; nothing here decodes. Rows of a basis are unit vectors, the most important
first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from simssl_core.errors import ShapeError


@dataclass(frozen=True)
class Directions:
    """K orthonormal ``vectors`` (K, D) through ``center`` (D,); for each the ``std`` along it and its ``share`` of the
    variance that was looked at (both (K,), falling)."""

    vectors: Tensor
    std: Tensor
    share: Tensor
    center: Tensor

    def up_to(self, share: float) -> Tensor:
        """The fewest leading vectors (k, D) that hold at least ``share`` of the variance; at least one."""
        enough = int((self.share.cumsum(0) < share - 1e-6).sum()) + 1
        return self.vectors[:enough]


def principal(rows: Tensor, count: int | None = None) -> Directions:
    """Principal directions of ``rows`` (N, D), at most ``count``; the largest entry of each is positive."""
    if rows.ndim != 2 or len(rows) < 2:
        raise ShapeError(f"directions are found in two or more rows (N, D), not in a tensor {tuple(rows.shape)}")
    center = rows.mean(0)
    centred = (rows - center).double()
    variance, axes = torch.linalg.eigh(centred.T @ centred / len(rows))
    variance, axes = variance.flip(0).clamp(min=0), axes.flip(1).T
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    axes = axes * torch.where(largest < 0, -1.0, 1.0)
    share = variance / variance.sum() if variance.sum() > 0 else torch.zeros_like(variance)
    kept = slice(count)
    return Directions(*(v[kept].to(rows.dtype) for v in (axes, variance.sqrt(), share)), center=center)


def content(views: Tensor, count: int | None = None) -> Directions:
    """Where the data differ: principal directions of z̄, the mean over the views (V, N, D) of each datum.

    With few views z̄ still holds 1/V of the style's variance.
    """
    return principal(_views(views).mean(0), count)


def style(views: Tensor, count: int | None = None) -> Directions:
    """Where the views of one datum differ: principal directions of z − z̄, of views (V, N, D) pooled over the data."""
    views = _views(views)
    inner = principal((views - views.mean(0)).flatten(0, 1), count)
    return Directions(inner.vectors, inner.std, inner.share, views.mean((0, 1)))


@dataclass(frozen=True)
class Attribute:
    """How the mean representation changes with a value: ``slope`` (D,) per unit of it (of a flag: from no to yes), and
    the ``share`` of the features' variance that goes with it."""

    slope: Tensor
    share: float


def attribute(features: Tensor, values: Tensor) -> Attribute:
    """The attribute vector of ``values`` (N,), a number or a 0/1 flag of each row of ``features`` (N, D).

    The least-squares slope cov(z, v)/var(v); for a flag it is the difference between the two means. NaN values are left
    out. Of a value that never varies the slope is zero. A circular value has two: give its sine and its cosine in turn.
    """
    known = values.isfinite()
    z, v = features[known].double(), values[known].double()
    if len(v) < 2 or v.std() < 1e-9:
        return Attribute(torch.zeros_like(features[0]), 0.0)
    z, v = z - z.mean(0), v - v.mean()
    slope = (v @ z) / v.square().sum()
    total = z.square().sum()
    share = (slope.square().sum() * v.square().sum() / total).item() if total > 0 else 0.0
    return Attribute(slope.to(features.dtype), share)


@dataclass(frozen=True)
class Axes:
    """The dimensions as they are: ``order`` (D,), the most varying first, and a sensible ``low`` and ``high`` (D,) for
    a slider of each."""

    order: Tensor
    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor


def axes(features: Tensor, spread: float = 3.0) -> Axes:
    """Order and slider ranges (mean ± ``spread`` standard deviations) of the dimensions of ``features`` (N, D)."""
    mean, std = features.mean(0), features.std(0, correction=0)
    reach = spread * std.clamp(min=1e-6)  # a slider of a dead dimension still has two ends
    return Axes(torch.argsort(std, descending=True, stable=True), mean, std, mean - reach, mean + reach)


def _views(views: Tensor) -> Tensor:
    if views.ndim != 3 or math.prod(views.shape[:2]) < 2:
        raise ShapeError(f"views are (V, N, D) with two or more rows in all, not {tuple(views.shape)}")
    return views
