r"""VAE: every view is an image by itself.

    loss = Σ_j { −E_q log p(x^j|z^j) + KL(q(z^j|x^j) ‖ N(0, I)) }       nats per datum, summed over its J views

Expectation at one reparameterised sample; KL in closed form. In ELBO_SSL this is J = 1: with one view nothing is
pulled, and entropy and prior together, the KL, push. Source: Kingma & Welling 2014, arXiv 1312.6114.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig


@register
class VAE(Generative):
    name = "vae"
    title = "VAE"
    colour = "#56B4E9"
    vae_baseline = True
    first_race = True
    formula = r"-\mathbb{E}_q\log p(x|z) + \mathrm{KL}(q(z|x)\,\Vert\,\mathcal N(0,I))"
    roles = {
        "push": (
            "Entropy of q and log p(z): codes fill the prior without overlapping.",
            r"-H[q(z|x)] - \mathbb{E}_q\log p(z)",
        ),
        "reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\mathbb{E}_q\log p(x|z)"),
    }
    Config = GenerativeConfig
    settings: GenerativeConfig

    def terms(self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor) -> Terms:
        kl = gaussians.kl_standard(mu, log_var).sum(0).mean()
        return Terms.of(kl, push=kl, reconstruct=self.reconstruction(views.images, decoded), extras=self.extras())
