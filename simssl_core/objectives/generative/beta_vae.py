r"""β-VAE: a VAE whose divergence from the prior counts β times.

    loss = Σ_j { −E_q log p(x^j|z^j) + β·KL(q(z^j|x^j) ‖ N(0, I)) }       nats per datum, summed over its J views

β = 4 by default; β = 1 is the VAE. Source: Higgins et al., ICLR 2017.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig


class BetaVAEConfig(GenerativeConfig):
    beta: float = setting(4.0, "β, weight of the divergence from the prior.", live=True, ge=0, le=1000)


@register
class BetaVAE(Generative):
    name = "beta_vae"
    title = "β-VAE"
    colour = "#009E73"
    vae_baseline = True
    formula = r"-\mathbb{E}_q\log p(x|z) + \beta\,\mathrm{KL}(q(z|x)\,\Vert\,\mathcal N(0,I))"
    roles = {
        "push": (
            "Entropy of q and log p(z), β times: codes fill the prior without overlapping.",
            r"\beta\,(-H[q(z|x)] - \mathbb{E}_q\log p(z))",
        ),
        "reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\mathbb{E}_q\log p(x|z)"),
    }
    Config = BetaVAEConfig
    settings: BetaVAEConfig

    def terms(self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor) -> Terms:
        kl = gaussians.kl_standard(mu, log_var).sum(0).mean()
        reconstruct = self.reconstruction(views.images, decoded)
        return Terms.of(
            kl, push=self.settings.beta * kl, reconstruct=reconstruct, extras={"kl": kl.detach()} | self.extras()
        )
