r"""InfoVAE (MMD-VAE): the whole batch of codes, not each code, is held to the prior.

    loss = Σ_j { −E_q log p(x^j|z^j) + (1−α)·KL(q(z^j|x^j) ‖ N(0, I)) } + J·(α+λ−1)·MMD²(q(z), N(0, I))

nats per datum, summed over its J views (the MMD, one figure for a batch, counts once for each view). MMD² is the
unbiased estimate over all J·B codes and as many draws of the prior, with the inverse multiquadratic kernel k(a, b) =
Σ_s C_s / (C_s + ‖a − b‖²), C_s = 2·D·s, s in (.1, .2, .5, 1, 2, 5, 10), as in pythae. Source: Zhao, Song & Ermon
2019, arXiv 1706.02262; kernel: Tolstikhin et al. 2018.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.functional.vectors import squared_distances
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class InfoVAEConfig(GenerativeConfig):
    alpha: float = setting(0.5, "α, how much of each code's divergence is dropped.", live=True, ge=-10, le=1)
    lambda_: float = setting(
        10.0, "λ, weight of the distance between all codes and the prior.", live=True, ge=0, le=10_000
    )


def imq_kernel(a: Tensor, b: Tensor) -> Tensor:
    """Inverse multiquadratic kernel summed over :data:`SCALES`; (N, D) and (M, D) → (N, M)."""
    distances = squared_distances(a, b)
    widths = (2 * a.shape[-1] * scale for scale in SCALES)
    return sum((c / (c + distances) for c in widths), start=distances.new_zeros(()))


def mmd(z: Tensor, prior: Tensor) -> Tensor:
    """Unbiased MMD² between two samples (N, D) → 0-d; may fall below zero. Needs N ≥ 2."""
    n = len(z)

    def within(x: Tensor) -> Tensor:
        kernel = imq_kernel(x, x)
        return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))

    return within(z) + within(prior) - 2 * imq_kernel(z, prior).mean()


@register
class InfoVAE(Generative):
    name = "info_vae"
    title = "InfoVAE"
    colour = "#88CCEE"
    vae_baseline = True
    formula = (
        r"-\mathbb{E}_q\log p(x|z) + (1-\alpha)\,\mathrm{KL}(q(z|x)\,\Vert\,\mathcal N(0,I))"
        r" + (\alpha+\lambda-1)\,\mathrm{MMD}^2(q(z),\mathcal N(0,I))"
    )
    roles = {
        "push": (
            "−H[q] − log p(z) in part, and the batch of codes matched to p(z) in place of the rest.",
            r"(1-\alpha)\,\mathrm{KL} + (\alpha+\lambda-1)\,\mathrm{MMD}^2",
        ),
        "reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\mathbb{E}_q\log p(x|z)"),
    }
    Config = InfoVAEConfig
    settings: InfoVAEConfig
    least_batch = 2

    def terms(self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor) -> Terms:
        s = self.settings
        kl = gaussians.kl_standard(mu, log_var).sum(0).mean()
        codes = z.flatten(0, 1)
        apart = mmd(codes, torch.randn_like(codes))
        push = (1 - s.alpha) * kl + views.count * (s.alpha + s.lambda_ - 1) * apart
        extras = {"kl": kl.detach(), "mmd": apart.detach()} | self.extras()
        return Terms.of(kl, push=push, reconstruct=self.reconstruction(views.images, decoded), extras=extras)
