r"""CR-VAE: a VAE whose posterior of a transformed image is drawn to the posterior of the image.

    loss = Σ_j { −E_q log p(x^j|z^j) + KL(q(z^j|x^j) ‖ N(0, I)) } + λ·Σ_{j≥1} KL(q(z|x^j) ‖ q(z|x^0))

nats per datum, summed over its J views. View 0 stands for the image x and views 1.. for t(x): the lab's views are all
augmented, so x is a first draw of t. Gradients reach both sides of the second KL, as published. λ = 0.1.
Source: Sinha & Dieng, Consistency Regularization for VAEs, NeurIPS 2021, arXiv 2105.14859.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig


class CRVAEConfig(GenerativeConfig):
    lambda_: float = setting(
        0.1, "λ, weight of the divergence between the views' posteriors.", live=True, ge=0, le=1000
    )


@register
class CRVAE(Generative):
    name = "cr_vae"
    title = "CR-VAE"
    colour = "#6A5ACD"
    vae_baseline = True
    symmetric = False
    formula = (
        r"\sum_j\{-\mathbb{E}_q\log p(x^j|z^j) + \mathrm{KL}(q(z|x^j)\,\Vert\,\mathcal N(0,I))\}"
        r" + \lambda\sum_{j\ge1}\mathrm{KL}(q(z|x^j)\,\Vert\,q(z|x^0))"
    )
    roles = {
        "pull": (
            "log p(z|y), with the first view's posterior in place of y.",
            r"\lambda\sum_{j\ge1}\mathrm{KL}(q(z|x^j)\,\Vert\,q(z|x^0))",
        ),
        "push": (
            "Entropy of q and log p(z): codes fill the prior without overlapping.",
            r"-H[q(z|x)] - \mathbb{E}_q\log p(z)",
        ),
        "reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\mathbb{E}_q\log p(x|z)"),
    }
    Config = CRVAEConfig
    settings: CRVAEConfig
    least_views = 2

    def terms(self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor) -> Terms:
        apart = gaussians.kl(mu[1:], log_var[1:], mu[:1], log_var[:1]).sum(0).mean()
        return Terms.of(
            apart,
            pull=self.settings.lambda_ * apart,
            push=gaussians.kl_standard(mu, log_var).sum(0).mean(),
            reconstruct=self.reconstruction(views.images, decoded),
            extras=self.extras(),
        )
