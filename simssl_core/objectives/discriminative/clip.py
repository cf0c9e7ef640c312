r"""CLIP: images find their captions, and captions their images.

    loss = ½·mean_n {−⟨p̂_n, t̂_n⟩/τ + log Σ_m exp(⟨p̂_n, t̂_m⟩/τ)} + ½·{the same from captions to images}

p from the image (view 0), t from its caption; τ learned, from 0.07, 1/τ held at 100 at most after every step. In nats
for each datum. Captions that are equal count as negatives of one another, as published. The two modalities are the
views. Source: Radford et al. 2021, arXiv 2103.00020.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import info_nce, unit
from simssl_core.models import heads
from simssl_core.models.text_encoder import TextEncoder
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig

MOST = math.log(100)


class CLIPConfig(DiscriminativeConfig):
    temperature: float = setting(0.07, "τ at the start; it is learned.", ge=0.01, le=1)


@register
class CLIP(Discriminative):
    name = "clip"
    title = "CLIP"
    colour = "#999933"
    unit = "nats per view"
    formula = (
        r"-\tfrac1\tau\langle\hat p,\hat t\rangle + \tfrac12\log\sum_m\exp(\langle\hat p,\hat t_m\rangle/\tau)"
        r" + \tfrac12\log\sum_m\exp(\langle\hat p_m,\hat t\rangle/\tau)"
    )
    roles = {
        "pull": (
            "log p(z|y): image and caption of a datum point the same way.",
            r"-\tfrac1\tau\langle\hat p,\hat t\rangle",
        ),
        "push": (
            "−log p(z), estimated from the batch in both directions.",
            r"\tfrac12\log\sum_m e^{\langle\hat p,\hat t_m\rangle/\tau}"
            r"+\tfrac12\log\sum_m e^{\langle\hat p_m,\hat t\rangle/\tau}",
        ),
    }
    Config = CLIPConfig
    settings: CLIPConfig
    least_views = 1
    needs_captions = True

    def __init__(self, settings: CLIPConfig, context: Context) -> None:
        super().__init__(settings, context)
        s, width = settings, context.model.width
        self.text_encoder = TextEncoder(len(context.vocabulary), width)
        self.text_projector = heads.projector(width, s.head_hidden, s.projection, s.head_layers)
        self.log_scale = torch.nn.Parameter(torch.tensor(-math.log(s.temperature)))

    def networks(self, views: Views) -> dict[str, Tensor]:
        return {
            "p": self.projector(self.encoder(views.images[0])),
            "t": self.text_projector(self.text_encoder(views.tokens)),
        }

    def terms(self, views: Views, p: Tensor, t: Tensor) -> Terms:
        p, t, temperature = unit(p), unit(t), torch.exp(-self.log_scale)
        there, back = info_nce(p, t, temperature), info_nce(t, p, temperature)
        extras = {"temperature": temperature.detach()}
        return Terms.of(p, pull=(there[0] + back[0]) / 2, push=(there[1] + back[1]) / 2, extras=extras)

    @torch.no_grad()
    def after_step(self, step: int, total: int) -> None:
        self.log_scale.clamp_(max=MOST)

    def similarity(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Cosines of images (B, C, H, W) with captions (M, T) → (B, M)."""
        return unit(self.projector(self.encode(images))) @ unit(self.text_projector(self.text_encoder(tokens))).T
