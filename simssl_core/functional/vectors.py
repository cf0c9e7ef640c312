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


def pull_push(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """−⟨target, logits⟩ and log Σ exp(logits): together the cross-entropy H(target, softmax(logits)), in nats.

    ``logits`` (..., K); ``target`` probabilities (..., K), or int64 (...) the true class. Both returned are (...).
    """
    if target.dtype == torch.int64:
        pull = -logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    else:
        pull = -(target * logits).sum(-1)
    return pull, logits.logsumexp(-1)


def info_nce(anchors: Tensor, candidates: Tensor, temperature: Tensor | float) -> tuple[Tensor, Tensor]:
    """InfoNCE in one direction: anchor n must find candidate n among all N; (..., N, P) twice → 0-d (pull, push).

    pull = −mean ⟨a_n, c_n⟩/τ, push = mean log Σ_m exp(⟨a_n, c_m⟩/τ); the sum is in nats for each anchor. Vectors are
    taken as they come (normalise them first where the method does). Oord 2018, arXiv 1807.03748, eq. 4.
    """
    logits = anchors @ candidates.mT / temperature
    return -logits.diagonal(dim1=-2, dim2=-1).mean(), logits.logsumexp(-1).mean()


def covariance(x: Tensor) -> Tensor:
    """Unbiased covariance over the batch, (..., N, D) → (..., D, D)."""
    centred = x - x.mean(dim=-2, keepdim=True)
    return centred.mT @ centred / (x.shape[-2] - 1)


def off_diagonal_square(matrix: Tensor) -> Tensor:
    """Sum of the squared entries off the diagonal, (..., D, D) → (...)."""
    return matrix.square().sum(dim=(-2, -1)) - matrix.diagonal(dim1=-2, dim2=-1).square().sum(-1)


def standardised(x: Tensor, eps: float = 1e-5) -> Tensor:
    """(x − mean) / √(biased variance + ε) over the batch: batch-norm's own arithmetic, (..., N, D) → (..., N, D)."""
    return (x - x.mean(dim=-2, keepdim=True)) / (x.var(dim=-2, keepdim=True, correction=0) + eps).sqrt()
