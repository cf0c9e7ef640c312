"""Moments of batches of vectors, shared by the objectives that push by statistics."""

from __future__ import annotations

from torch import Tensor


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
