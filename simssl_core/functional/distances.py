"""Similarities and distances between batches of vectors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def unit(x: Tensor) -> Tensor:
    """x / ‖x‖ along the last axis (a zero vector stays zero)."""
    return F.normalize(x, dim=-1)


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """‖a_i − b_k‖², (N, D) and (M, D) → (N, M), by one matrix product; never negative."""
    return (a.square().sum(-1)[:, None] + b.square().sum(-1)[None, :] - 2 * a @ b.T).clamp_min(0)


def ordered_pairs(views: int) -> list[tuple[int, int]]:
    """All (a, b) with a ≠ b among J views: (0, 1), (0, 2), …, J(J−1) of them."""
    return [(a, b) for a in range(views) for b in range(views) if a != b]


def mean_pair_distance(z: Tensor) -> Tensor:
    """Mean of ‖z^a − z^b‖² over pairs of views a ≠ b; (J, ..., D) → (...).

    By Σ_{a<b} ‖z^a − z^b‖² = J Σ_j ‖z^j − z̄‖² this is 2/(J−1) times SimVAE's spread: the same pull, in one pass.
    """
    views = z.shape[0]
    return 2 / (views - 1) * (z - z.mean(0)).square().sum(dim=(0, -1))


def mean_pair_similarity(z: Tensor, other: Tensor | None = None) -> Tensor:
    """Mean over ordered pairs a ≠ b of ⟨z^a, other^b⟩ (``other`` is z itself if not given); (J, N, D) → (N,)."""
    other = z if other is None else other
    views = z.shape[0]
    every = torch.einsum("and,bnd->n", z, other)
    return (every - torch.einsum("and,and->n", z, other)) / (views * (views - 1))
