"""Ways through a latent space. Tensors in, tensors out; whoever has a decoder draws them.

``z`` is (D,), batches are (…, D).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from simssl_core.errors import ShapeError


def sweep(z: Tensor, along: int | Tensor, values: Tensor) -> Tensor:
    """z changed in one way: (n, D) for ``values`` (n,).

    ``along`` a dimension's number: that coordinate *takes* each value. A vector (D,): z is *moved* by value × vector.

    Raises:
        ShapeError: no such dimension, or a vector of another width.
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
    """``n`` points from a to b (D,), both ends among them: (n, D).

    ``spherical``: along the great circle, while the length goes evenly from ‖a‖ to ‖b‖ (for features that lie on a
    sphere). Where there is no one great circle (opposite ends, or a zero) the way is straight.
    """
    if n < 2:
        raise ShapeError(f"a way from one point to another has two points or more, not {n}")
    t = torch.linspace(0, 1, n, dtype=a.dtype, device=a.device)[:, None]
    straight = (1 - t) * a + t * b
    if not spherical:
        return straight
    lengths = (1 - t) * a.norm() + t * b.norm()
    cosine = F.cosine_similarity(a, b, dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if min(a.norm(), b.norm()) == 0 or angle.sin() < 1e-4:
        return straight
    ways = torch.sin((1 - t) * angle) * F.normalize(a, dim=0) + torch.sin(t * angle) * F.normalize(b, dim=0)
    return lengths * ways / angle.sin()


def imagine(z: Tensor, sigma2: float | Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
    """``n`` new views of the same thing: samples (n, D) of p(z'|y) = N(y, σ²I) with the content y taken to be z (D,).

    ``sigma2``: variance, a number or one for each dimension (D,).
    """
    noise = torch.randn(n, len(z), generator=generator, device=z.device, dtype=z.dtype)
    return z + torch.as_tensor(sigma2, dtype=z.dtype, device=z.device).sqrt() * noise


def mix(content_of: Tensor, style_of: Tensor, basis: Tensor) -> Tensor:
    """The content of one with the style of another (…, D): the first inside the span of ``basis``, else the second.

    ``basis``: orthonormal content directions (k, D), as of ``directions.content(views).up_to(0.9)``.
    """
    if basis.shape[-1] != style_of.shape[-1]:
        raise ShapeError(f"a basis {tuple(basis.shape)} does not fit representations {tuple(style_of.shape)}")
    return style_of + (content_of - style_of) @ basis.T @ basis


def nearest(features: Tensor, z: Tensor, k: int, metric: str = "euclidean", chunk: int = 1024) -> Tensor:
    """Places (M, k) in ``features`` (N, D) of the nearest rows to each z (M, D), or (k,) for one z (D,); nearest first.

    ``metric`` "euclidean" or "cosine"; k is cut to N.
    """
    asked = z[None] if z.ndim == 1 else z
    if asked.shape[-1] != features.shape[-1]:
        raise ShapeError(f"{tuple(z.shape)} does not fit features {tuple(features.shape)}")
    known = features
    if metric == "cosine":
        known, asked = F.normalize(known, dim=1), F.normalize(asked, dim=1)
    found = [torch.cdist(rows, known).topk(min(k, len(known)), largest=False).indices for rows in asked.split(chunk)]
    return torch.cat(found)[0] if z.ndim == 1 else torch.cat(found)
