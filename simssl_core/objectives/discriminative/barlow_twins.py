r"""Barlow Twins: the cross-correlation of two views' projections is made the identity.

    loss = mean_{a≠b} Σ_d (1 − C_dd)² + λ·Σ_{d≠e} C_de²,      C = p̃^aᵀ p̃^b / N, p̃ standardised over the batch

λ = 5e-3. One figure for a batch; J > 2 averages over pairs. Standardised by batch-norm's arithmetic (biased variance,
ε = 1e-5). Source: Zbontar et al. 2021, arXiv 2103.03230, algorithm 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import off_diagonal_square, standardised
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class BarlowTwinsConfig(DiscriminativeConfig):
    lambda_: float = setting(
        5e-3, "λ, weight of the correlations between different dimensions.", live=True, ge=0, le=10
    )


def barlow_parts(p: Tensor) -> tuple[Tensor, Tensor]:
    """(Σ(1 − C_dd)², Σ_{d≠e} C_de²), 0-d each, of projections (J, N, P); means over pairs of views."""
    normed = standardised(p)
    first, second = torch.triu_indices(len(p), len(p), 1, device=p.device)  # C^ba = (C^ab)ᵀ: half the pairs say it all
    correlation = normed[first].mT @ normed[second] / p.shape[1]
    diagonal = correlation.diagonal(dim1=-2, dim2=-1)
    return (1 - diagonal).square().sum(-1).mean(), off_diagonal_square(correlation).mean()


@register
class BarlowTwins(Discriminative):
    name = "barlow_twins"
    title = "Barlow Twins"
    colour = "#CC6677"
    formula = r"\sum_d(1-C_{dd})^2 + \lambda\sum_{d\ne e}C_{de}^2"
    roles = {
        "pull": ("log p(z|y): each dimension agrees between views.", r"\sum_d(1-C_{dd})^2"),
        "push": ("In place of the entropy: dimensions do not repeat one another.", r"\lambda\sum_{d\ne e}C_{de}^2"),
    }
    Config = BarlowTwinsConfig
    settings: BarlowTwinsConfig

    def terms(self, views: Views, p: Tensor) -> Terms:
        invariance, redundancy = barlow_parts(p)
        return Terms.of(p, pull=invariance, push=self.settings.lambda_ * redundancy)
