r"""VICReg: invariance, variance and covariance of the projections.

    loss = μ·mean_{a≠b} ‖p^a − p^b‖²/P + ν·mean_j mean_d max(0, γ − √(var p^j_d + ε)) + κ·(2/J) Σ_j Σ_{d≠e}
    cov(p^j)²_de / P

At J = 2 exactly the published loss (mean-squared error, half the sum of both hinges, the sum of both covariances);
for more views each part is the mean over pairs or views. The invariance equals SimVAE's Σ‖z^j − z̄‖² up to a factor.
Variances are unbiased. Defaults μ = ν = 25, κ = 1, γ = 1, ε = 1e-4. Source: Bardes, Ponce & LeCun 2022, arXiv
2105.04906.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import covariance, mean_pair_distance, off_diagonal_square
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class VICRegConfig(DiscriminativeConfig):
    invariance: float = setting(25.0, "Weight of the distance between views.", live=True, ge=0, le=1000)
    variance: float = setting(
        25.0, "Weight of the hinge that keeps every dimension's deviation at γ.", live=True, ge=0, le=1000
    )
    covariance: float = setting(1.0, "Weight of the squared covariances between dimensions.", live=True, ge=0, le=1000)
    gamma: float = setting(1.0, "γ, the standard deviation each dimension is held above.", live=True, gt=0, le=10)


def vicreg_parts(p: Tensor, gamma: float = 1.0, eps: float = 1e-4) -> tuple[Tensor, Tensor, Tensor]:
    """(invariance, variance, covariance), 0-d each and unweighted, of projections (J, N, P)."""
    width = p.shape[-1]
    invariance = mean_pair_distance(p).mean() / width
    deviation = (p.var(dim=1) + eps).sqrt()
    variance = (gamma - deviation).relu().mean()
    return invariance, variance, 2 * off_diagonal_square(covariance(p)).mean() / width


@register
class VICReg(Discriminative):
    name = "vicreg"
    title = "VICReg"
    colour = "#E69F00"
    first_race = True
    recommended = {"sprites": {"head_layers": 1, "projection": 16}}
    formula = (
        r"\tfrac{\mu}{P}\lVert p^a-p^b\rVert^2 + \tfrac{\nu}{P}\sum_d\max(0,\gamma-\sqrt{\mathrm{var}\,p_d+\epsilon})"
        r" + \tfrac{\kappa}{P}\sum_{d\ne e}\mathrm{cov}(p)_{de}^2"
    )
    roles = {
        "pull": (
            "log p(z|y): SimVAE's distance to the views' mean, in another scale.",
            r"\tfrac{\mu}{P}\lVert p^a-p^b\rVert^2",
        ),
        "push": (
            "In place of the entropy: every dimension keeps its variance, and dimensions do not repeat one another.",
            r"\nu\,\mathrm{hinge}(\mathrm{std}\,p) + \tfrac{\kappa}{P}\sum_{d\ne e}\mathrm{cov}(p)_{de}^2",
        ),
    }
    Config = VICRegConfig
    settings: VICRegConfig

    def terms(self, views: Views, p: Tensor) -> Terms:
        s = self.settings
        invariance, variance, covariance_ = vicreg_parts(p, s.gamma)
        extras = {"variance": variance.detach(), "covariance": covariance_.detach()}
        return Terms.of(
            p, pull=s.invariance * invariance, push=s.variance * variance + s.covariance * covariance_, extras=extras
        )
