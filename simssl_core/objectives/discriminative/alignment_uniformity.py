r"""Alignment and uniformity: the two things a contrastive loss does, each by itself.

    loss = w_a·mean_{a≠b} ‖p̂^a − p̂^b‖² + w_u·mean_j log mean_{i<k} exp(−t·‖p̂^j_i − p̂^j_k‖²)

w_a = w_u = 1, t = 2; the second within each view, averaged over views. Source: Wang & Isola 2020, arXiv 2005.10242.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import mean_pair_distance, unit
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class AlignmentUniformityConfig(DiscriminativeConfig):
    alignment: float = setting(1.0, "Weight of the distance between views.", live=True, ge=0, le=100)
    uniformity: float = setting(1.0, "Weight of the even spread over the sphere.", live=True, ge=0, le=100)
    t: float = setting(2.0, "t, how near data must be to repel.", live=True, gt=0, le=100)


def uniformity(p: Tensor, t: float = 2.0) -> Tensor:
    """log mean_{i<k} exp(−t‖p_i − p_k‖²) of unit vectors (J, N, P) → (J,). On the sphere ‖a − b‖² = 2 − 2⟨a, b⟩."""
    n = p.shape[1]
    first, second = torch.triu_indices(n, n, 1, device=p.device)
    similarity = (p @ p.mT)[:, first, second]
    return (t * (2 * similarity - 2)).logsumexp(-1) - math.log(len(first))


@register
class AlignmentUniformity(Discriminative):
    name = "alignment_uniformity"
    title = "Alignment and uniformity"
    colour = "#F4A582"
    formula = r"\lVert\hat p^a-\hat p^b\rVert^2 + \log\mathbb{E}_{i\ne k}\exp(-t\lVert\hat p_i-\hat p_k\rVert^2)"
    roles = {
        "pull": ("log p(z|y): SimVAE's distance between views, on the sphere.", r"\lVert\hat p^a-\hat p^b\rVert^2"),
        "push": (
            "−log p(z), by a kernel density of the batch: uniform on the sphere.",
            r"\log\mathbb{E}\exp(-t\lVert\hat p_i-\hat p_k\rVert^2)",
        ),
    }
    Config = AlignmentUniformityConfig
    settings: AlignmentUniformityConfig

    def terms(self, views: Views, p: Tensor) -> Terms:
        s, p = self.settings, unit(p)
        pull = s.alignment * mean_pair_distance(p).mean()
        return Terms.of(p, pull=pull, push=s.uniformity * uniformity(p, s.t).mean())
