r"""SimVAE: the model itself. J views of one datum share a content y, and the exact ELBO_SSL is maximised.

    y ~ p(y),  z^j|y ~ N(y, σ²I),  x^j|z^j ~ p_θ(x|z^j),  q(z|x) = N(μ(x), diag s²(x))
    loss = − Σ_j E_q log p(x^j|z^j) − Σ_j H[q(z^j|x^j)] − E_q log p(z¹..z^J)

in nats per datum, summed over views. With z̄ the views' mean and a uniform p(y),
log p(z¹..z^J) = −(J−1)D/2·log 2πσ² − D/2·log J − (1/2σ²) Σ_j ‖z^j − z̄‖²; a Gaussian p(y) = N(0, γ²I) adds
log N(z̄; 0, (γ² + σ²/J) I). Expectations are taken at one reparameterised sample of each view.

Roles: pull is (1/2σ²) Σ‖z^j − z̄‖², zero for views that agree; push is −H[q] (and −log N(z̄; …)); the constant that
normalises p(z|y), which moves only when σ² does, is ``other``. ``reconstruction_weight`` 100 and ``entropy_weight``
2π are the authors' released code; 1 and 1 the exact bound.

Source: Bizeul, Schölkopf & Allen, A Probabilistic Model behind Self-Supervised Learning, TMLR 2024, arXiv 2402.01399.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig


class SimVAEConfig(GenerativeConfig):
    sigma2: float = setting(0.15, "σ², how far views may lie from their shared content.", live=True, ge=1e-4, le=10)
    prior: Literal["uniform", "gaussian"] = setting("uniform", "p(y): flat, or N(0, γ²I).")
    gamma2: float = setting(1.0, "γ², variance of the content under the Gaussian p(y).", live=True, ge=1e-3, le=100)
    entropy_weight: float = setting(
        1.0, "Weight of the posterior's entropy; 1 is the exact ELBO.", live=True, ge=0, le=100
    )


def shared_content_parts(z: Tensor, settings: SimVAEConfig) -> tuple[Tensor, Tensor, float]:
    """−log p(z¹..z^J) in nats as (pull, −log p(z̄), constant); z is (J, B, D), the first two are 0-d means over data."""
    views, _, dims = z.shape
    pull = gaussians.spread(z).mean() / (2 * settings.sigma2)
    content = z.new_zeros(())
    if settings.prior == "gaussian":
        content = -gaussians.log_normal(z.mean(0), 0.0, settings.gamma2 + settings.sigma2 / views).mean()
    return pull, content, gaussians.tube_constant(views, dims, settings.sigma2)


@register
class SimVAE(Generative):
    name = "simvae"
    title = "SimVAE"
    colour = "#0072B2"
    typical = True
    first_race = True
    published = {"entropy_weight": 6.283185307179586, "reconstruction_weight": 100.0}  # 2π; released code
    formula = (
        r"-\sum_j \mathbb{E}_q \log p(x^j|z^j) - \sum_j H[q(z^j|x^j)]"
        r" + \tfrac{1}{2\sigma^2}\sum_j \lVert z^j - \bar z\rVert^2 - \log p(\bar z) + \mathrm{const}"
    )
    roles = {
        "pull": (
            "log p(z|y): views of one datum lie around one content.",
            r"\tfrac{1}{2\sigma^2}\sum_j\lVert z^j-\bar z\rVert^2",
        ),
        "push": (
            "Entropy of q and −log p of the content: each datum keeps its own place.",
            r"-\sum_j H[q(z^j|x^j)] - \log p(\bar z)",
        ),
        "reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\sum_j \mathbb{E}_q\log p(x^j|z^j)"),
        "other": (
            "What normalises p(z|y); it moves only with σ².",
            r"\tfrac{(J-1)D}{2}\log 2\pi\sigma^2+\tfrac D2\log J",
        ),
    }
    Config = SimVAEConfig
    settings: SimVAEConfig
    least_views = 2

    def terms(self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor) -> Terms:
        pull, content, constant = shared_content_parts(z, self.settings)
        entropy = gaussians.entropy(log_var).sum(0).mean()
        return Terms(
            pull=pull,
            push=content - self.settings.entropy_weight * entropy,
            reconstruct=self.reconstruction(views.images, decoded),
            other=torch.full_like(pull, constant),
            extras=self.extras(),
        )

    def spread(self, z: Tensor) -> Tensor:
        return torch.full_like(z, math.sqrt(self.settings.sigma2))
