"""Paths through a latent space: sweeps, interpolations, samples and mixtures of representations.

The functions take and return tensors and do not decode them. ``z`` is (D,), batches are (…, D).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from simssl_core.errors import ShapeError


def sweep(z: Tensor, along: int | Tensor, values: Tensor) -> Tensor:
    """Change z (D,) along one dimension or direction by ``values`` (n,): (n, D).

    If ``along`` is the number of a dimension, that coordinate is *set to* each value. If it is a vector (D,), value ×
    vector is *added* to z.

    Raises:
        ShapeError: the dimension does not exist, or the vector has another width.
    """
    values = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    if isinstance(along, int):
        if not -len(z) <= along < len(z):
            raise ShapeError(f"there is no dimension {along} in a representation of width {len(z)}")
        swept = z.repeat(len(values), 1)
        swept[:, along] = values
        return swept
    if along.shape != z.shape:
        raise ShapeError(f"a direction {tuple(along.shape)} does not fit a representation {tuple(z.shape)}")
    return z + values[:, None] * along


def interpolate(a: Tensor, b: Tensor, n: int, spherical: bool = False) -> Tensor:
    """Return ``n`` points (n, D) on the path from a to b (D,), both ends included.

    With ``spherical`` the path follows the great circle, while the length changes linearly from ‖a‖ to ‖b‖ (for
    features on a sphere). If there is no unique great circle (opposite ends, or a zero), the path is straight.

    Raises:
        ShapeError: ``n`` is below 2.
    """
    if n < 2:
        raise ShapeError(f"a path from one point to another needs at least two points, not {n}")
    t = torch.linspace(0, 1, n, dtype=a.dtype, device=a.device)[:, None]
    straight = (1 - t) * a + t * b
    if not spherical:
        return straight
    lengths = (1 - t) * a.norm() + t * b.norm()
    cosine = F.cosine_similarity(a, b, dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if min(a.norm(), b.norm()) == 0 or angle.sin() < 1e-4:
        return straight
    path = torch.sin((1 - t) * angle) * F.normalize(a, dim=0) + torch.sin(t * angle) * F.normalize(b, dim=0)
    return lengths * path / angle.sin()


def imagine(z: Tensor, sigma2: float | Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Sample ``n`` new views (n, D) of the same content from p(z'|y) = N(y, σ²I), with y set to z (D,).

    ``sigma2`` is the variance: a number, or one for each dimension (D,).
    """
    noise = torch.randn(n, len(z), generator=generator, device=z.device, dtype=z.dtype)
    return z + torch.as_tensor(sigma2, dtype=z.dtype, device=z.device).sqrt() * noise


def mix(content_of: Tensor, style_of: Tensor, basis: Tensor) -> Tensor:
    """Combine the content of one representation with the style of another (…, D).

    The result equals ``content_of`` inside the span of ``basis`` and ``style_of`` outside of it. ``basis`` holds
    orthonormal content directions (k, D), for example ``directions.content(views).up_to(0.9)``.

    Raises:
        ShapeError: ``basis`` has another width.
    """
    if basis.shape[-1] != style_of.shape[-1]:
        raise ShapeError(f"a basis {tuple(basis.shape)} does not fit representations {tuple(style_of.shape)}")
    return style_of + (content_of - style_of) @ basis.T @ basis


def nearest(features: Tensor, z: Tensor, k: int, metric: str = "euclidean", chunk: int = 1024) -> Tensor:
    """Return the indices (M, k) of the rows of ``features`` (N, D) nearest to each z (M, D), or (k,) for one z (D,).

    The nearest comes first. ``metric`` is "euclidean" or "cosine"; k is at most N.

    Raises:
        ShapeError: ``z`` has another width.
    """
    queries = z[None] if z.ndim == 1 else z
    if queries.shape[-1] != features.shape[-1]:
        raise ShapeError(f"{tuple(z.shape)} does not fit features {tuple(features.shape)}")
    if metric == "cosine":
        features, queries = F.normalize(features, dim=1), F.normalize(queries, dim=1)
    count = min(k, len(features))
    indices = [torch.cdist(rows, features).topk(count, largest=False).indices for rows in queries.split(chunk)]
    return torch.cat(indices)[0] if z.ndim == 1 else torch.cat(indices)
