r"""SimVAE over modalities: image and caption are the two views of one content, each with its own encoder and decoder.

    loss = −E_q log p(image|z¹) − w·E_q log p(caption|z²) − H[q(z¹|image)] − H[q(z²|caption)] − E_q log p(z¹, z²)

nats per datum; w = 1 is the exact ELBO_SSL at J = 2: the generative counterpart of CLIP. The image is view 0. A
caption is a row of ``words`` places, each a categorical over the vocabulary with "no word" among it, independent
given z²; longer captions are cut. Priors and constants as in ``simvae``. Source: Bizeul, Schölkopf & Allen 2024, with
modalities for views.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.models.text_encoder import TextDecoder, TextEncoder, caption_nats
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.generative.simvae import SimVAE, SimVAEConfig


class SimVAEMultimodalConfig(SimVAEConfig):
    caption_weight: float = setting(
        1.0, "Weight of the caption's likelihood; 1 is the exact ELBO.", live=True, ge=0, le=1000
    )
    words: int = setting(24, "Places for words in a caption.", ge=1, le=128, advanced=True)


@register
class SimVAEMultimodal(SimVAE):
    name = "simvae_multimodal"
    title = "SimVAE, image and caption"
    colour = "#3F7FBF"
    formula = SimVAE.formula.replace(r"\sum_j \mathbb{E}_q \log p(x^j|z^j)", r"\log p(x|z^1) - \log p(w|z^2)", 1)
    roles = SimVAE.roles | {
        "pull": ("log p(z|y): image and caption lie around one content.", SimVAE.roles["pull"][1]),
        "reconstruct": ("log p(image|z) and log p(caption|z).", r"-\log p(x|z^1) - \log p(w|z^2)"),
    }
    Config = SimVAEMultimodalConfig
    settings: SimVAEMultimodalConfig
    least_views = 1
    needs_captions = True

    def __init__(self, settings: SimVAEMultimodalConfig, context: Context) -> None:
        super().__init__(settings, context)
        width = context.model.width
        self.text_encoder = TextEncoder(len(context.vocabulary), 2 * width)
        self.text_decoder = TextDecoder(len(context.vocabulary), width, settings.words)

    def networks(self, views: Views) -> dict[str, Tensor]:
        assert views.tokens is not None  # forward() refuses views without captions
        both = zip(self.gaussian(views.images[0]), self.text_posterior(views.tokens), strict=True)
        mu, log_var = (torch.stack(pair) for pair in both)
        z = gaussians.sample(mu, log_var)
        return {"mu": mu, "log_var": log_var, "z": z, "decoded": self.decoder(z[0]), "words": self.text_decoder(z[1])}

    def terms(
        self, views: Views, mu: Tensor, log_var: Tensor, z: Tensor, decoded: Tensor, words: Tensor | None = None
    ) -> Terms:
        assert views.tokens is not None and words is not None
        parts = super().terms(replace(views, images=views.images[:1]), mu, log_var, z, decoded.unsqueeze(0))
        caption = caption_nats(views.tokens, words).mean()
        both = parts.reconstruct + self.settings.caption_weight * caption
        return replace(parts, reconstruct=both, extras=parts.extras | {"caption": caption.detach()})

    def text_posterior(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """q(z|caption) of tokens (B, T) as (mean, log-variance), (B, D) each."""
        return self.read_gaussian(self.text_encoder(tokens))

    def decode_text(self, z: Tensor) -> Tensor:
        """The likeliest word at each place, int64 (B, words), for (B, D)."""
        return self.text_decoder(z).argmax(-1)

    def similarity(self, images: Tensor, tokens: Tensor) -> Tensor:
        """log density that image b and caption m share one content, in nats; (B, C, H, W) and (M, T) → (B, M)."""
        return gaussians.log_together(self.gaussian(images), self.text_posterior(tokens), self.settings.sigma2)

    def imagine(self, tokens: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] for captions (B, T): the decoder at the caption's posterior mean."""
        return self.decode(self.text_posterior(tokens)[0])
