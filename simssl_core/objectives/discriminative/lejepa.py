r"""LeJEPA: views agree, and the batch of projections passes a test for an isotropic Gaussian (SIGReg).

    loss = (1−λ)·mean ‖p^j − p̄‖² + λ·SIGReg(p)                 (the mean runs over views, data and dimensions)
    SIGReg = mean over views and slices u of  N·∫_{−3}^{3} |φ_N(t) − e^{−t²/2}|² e^{−t²/2} dt

φ_N is the empirical characteristic function of ⟨p, u⟩ over the batch (Epps–Pulley); the integral by the trapezoidal
rule on 17 knots of [0, 3], doubled by symmetry; 256 random unit slices, drawn anew each step. λ = 0.05. pull *is*
SimVAE's Σ_j ‖z^j − z̄‖², and push matches the aggregate to N(0, I): ELBO_SSL with the reconstruction exchanged for a
distribution test. Source: Balestriero & LeCun 2025, arXiv 2511.08544.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class LeJEPAConfig(DiscriminativeConfig):
    lambda_: float = setting(
        0.05, "λ, weight of the Gaussian test against the views' agreement.", live=True, ge=0, le=1
    )
    slices: int = setting(256, "Random directions the test looks along.", ge=1, le=8192)
    knots: int = setting(17, "Frequencies at which characteristic functions are compared.", ge=2, le=257, advanced=True)


def sigreg(p: Tensor, slices: Tensor, knots: int = 17, reach: float = 3.0) -> Tensor:
    """Epps–Pulley statistic of projections (J, N, P) along unit ``slices`` (P, S), mean over views and slices; 0-d."""
    t = torch.linspace(0, reach, knots, device=p.device, dtype=p.dtype)
    gauss = torch.exp(-t.square() / 2)
    weights = torch.full_like(t, 2 * reach / (knots - 1))  # twice the trapezoid's: the integrand is even
    weights[[0, -1]] /= 2
    angles = (p @ slices).unsqueeze(-1) * t  # (J, N, S, knots)
    error = (angles.cos().mean(1) - gauss).square() + angles.sin().mean(1).square()
    return p.shape[1] * (error @ (weights * gauss)).mean()


@register
class LeJEPA(Discriminative):
    name = "lejepa"
    title = "LeJEPA"
    colour = "#B07AA1"
    formula = r"(1-\lambda)\,\mathbb{E}\lVert p^j-\bar p\rVert^2 + \lambda\,\mathrm{SIGReg}(p)"
    roles = {
        "pull": (
            "log p(z|y): SimVAE's own Σ‖z − z̄‖², in another scale.",
            r"(1-\lambda)\,\mathbb{E}\lVert p^j-\bar p\rVert^2",
        ),
        "push": (
            "In place of entropy and log p(z): all projections together look like N(0, I).",
            r"\lambda\,\mathrm{SIGReg}(p)",
        ),
    }
    Config = LeJEPAConfig
    settings: LeJEPAConfig

    def terms(self, views: Views, p: Tensor) -> Terms:
        s = self.settings
        slices = torch.randn(p.shape[-1], s.slices, device=p.device, dtype=p.dtype)
        push = s.lambda_ * sigreg(p, slices / slices.norm(dim=0), s.knots)
        pull = (1 - s.lambda_) * gaussians.spread(p).mean() / (p.shape[0] * p.shape[-1])
        return Terms.of(p, pull=pull, push=push)
