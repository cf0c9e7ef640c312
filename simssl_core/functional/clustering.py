"""Assigning points to prototypes: balanced soft codes (Sinkhorn–Knopp) and spherical k-means."""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.functional.vectors import unit


@torch.no_grad()
def sinkhorn(scores: Tensor, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """Codes (..., N, K), each row a distribution, that spread N points evenly over K prototypes; ``scores`` alike.

    exp(scores/ε), its columns (over points) and then its rows (over prototypes) scaled to equal sums, ``iterations``
    times; in logarithms, because e^{1/ε} overflows float32 from ε = 0.01 on. Caron 2020, arXiv 2006.09882, listing 1.
    """
    codes = scores / epsilon
    for _ in range(iterations):
        codes = codes - codes.logsumexp(-2, keepdim=True)
        codes = codes - codes.logsumexp(-1, keepdim=True)
    return codes.exp()


@torch.no_grad()
def spherical_kmeans(points: Tensor, clusters: int, iterations: int = 10) -> tuple[Tensor, Tensor]:
    """Unit centroids (K, P) and int64 assignments (N,) of unit vectors (N, P) by cosine similarity.

    Starts from ``clusters`` different points (torch's global generator). A centroid that loses all its points keeps
    its place, so that no iteration can divide by zero. Needs N ≥ K.
    """
    chosen = torch.randperm(len(points), device=points.device)[:clusters]
    centroids = points[chosen].clone()
    for _ in range(iterations):
        nearest = (points @ centroids.T).argmax(-1)
        sums = torch.zeros_like(centroids).index_add_(0, nearest, points)
        empty = torch.bincount(nearest, minlength=clusters) == 0
        centroids = torch.where(empty[:, None], centroids, unit(sums))
    return centroids, (points @ centroids.T).argmax(-1)
