r"""Autoencoder: nothing but reconstruction, z = μ(x).

    loss = Σ_j −log p(x^j | z^j = μ(x^j))       nats per datum, summed over its J views

No q, no prior: of ELBO_SSL only the reconstruct term is left. Source: Hinton & Salakhutdinov 2006.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.data.types import Views
from simssl_core.objectives.base import Objective, Terms, register
from simssl_core.objectives.generative.base import Generative, GenerativeConfig


@register
class AE(Generative):
    name = "ae"
    title = "Autoencoder"
    colour = "#44AA99"
    formula = r"-\log p(x|z=\mu(x))"
    roles = {"reconstruct": ("log p(x|z): z must hold all of x, style too.", r"-\log p(x|z=\mu(x))")}
    Config = GenerativeConfig
    settings: GenerativeConfig
    latents = 1

    def networks(self, views: Views) -> dict[str, Tensor]:
        decoded = self.decoder(self.encoder(views.images.flatten(0, 1)))
        return {"decoded": decoded.unflatten(0, views.images.shape[:2])}

    def terms(self, views: Views, decoded: Tensor) -> Terms:
        return Terms.of(decoded, reconstruct=self.reconstruction(views.images, decoded), extras=self.extras())

    def posterior(self, images: Tensor) -> None:
        return None

    def encode(self, images: Tensor) -> Tensor:
        return Objective.encode(self, images)
