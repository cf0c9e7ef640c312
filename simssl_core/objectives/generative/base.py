"""What the generative objectives share: an encoder q(z|x), a decoder p(x|z), and the likelihood in nats."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simssl_core.config import Settings, setting
from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.models import decoders, encoders
from simssl_core.objectives.base import Context, Objective, full_precision


class GenerativeConfig(Settings):
    decoder_variance: float = setting(
        0.01, "σ_x², variance of a pixel around what is decoded (Gaussian likelihood).", live=True, ge=1e-4, le=10
    )
    learned_variance: bool = setting(
        False, "Learn σ_x², from decoder_variance as its start (Gaussian likelihood).", advanced=True
    )
    reconstruction_weight: float = setting(
        1.0, "Weight of the reconstruction; 1 is the exact ELBO.", live=True, ge=0, le=1000
    )


class Generative(Objective):
    """q(z|x) = N(μ(x), diag s²(x)) by an encoder to 2D numbers; p(x|z) Bernoulli or Gaussian by its mirror.

    Convention: losses are nats per datum, **summed over its J views**, also where the views are unrelated to the
    objective (``vae``): J views are J images. Bernoulli targets may be grey: then it is the usual cross-entropy
    bound. log s² is left alone up to ±10 and bends smoothly to ±14 (see :func:`gaussians.bounded`).
    """

    family = "generative"
    unit = "nats per datum"
    keeps = "all"
    has_decoder = True
    settings: GenerativeConfig
    latents = 2  # numbers of the encoder for each dimension of z: a mean and a log-variance

    def __init__(self, settings: GenerativeConfig, context: Context) -> None:
        super().__init__(settings, context)
        width = context.model.width
        self.encoder = encoders.build(context.model, context.shape, self.latents * width)
        self.decoder = decoders.build(context.model, context.shape, width)
        if settings.learned_variance:
            self.log_variance = nn.Parameter(torch.tensor(math.log(settings.decoder_variance)))

    def networks(self, views: Views) -> dict[str, Tensor]:
        """``mu``, ``log_var``, ``z`` (J, B, D) and ``decoded`` (J, B, C, H, W), all views in one pass."""
        count = views.count
        mu, log_var = self.gaussian(views.images.flatten(0, 1))
        z = gaussians.sample(mu, log_var)
        decoded = self.decoder(z)
        parts = {"mu": mu, "log_var": log_var, "z": z, "decoded": decoded}
        return {name: value.unflatten(0, (count, -1)) for name, value in parts.items()}

    def gaussian(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's (mean, log-variance), (B, D) each, of (B, C, H, W)."""
        return self.read_gaussian(self.encoder(images))

    @staticmethod
    def read_gaussian(outputs: Tensor) -> tuple[Tensor, Tensor]:
        """A network's outputs (B, 2D) as (mean, log-variance), (B, D) each, in full precision."""
        mu, log_var = full_precision(outputs).chunk(2, dim=-1)
        return mu, gaussians.bounded(log_var)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        return self.gaussian(images)

    def encode(self, images: Tensor) -> Tensor:
        return self.gaussian(images)[0]

    def decode(self, z: Tensor) -> Tensor:
        decoded = full_precision(self.decoder(z))
        return decoded.sigmoid() if self.context.likelihood == "bernoulli" else decoded.clamp(0, 1)

    def reconstruction(self, images: Tensor, decoded: Tensor) -> Tensor:
        """−E_q log p(x|z) in nats per datum, times its weight: (J, B, C, H, W) twice → 0-d."""
        return self.settings.reconstruction_weight * self.nats(images, decoded).sum(0).mean()

    def nats(self, images: Tensor, decoded: Tensor) -> Tensor:
        """−log p(x|z) of each image, all constants included; (..., C, H, W) twice → (...)."""
        if self.context.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(decoded, images.to(decoded.dtype), reduction="none").sum(
                dim=(-3, -2, -1)
            )
        return gaussian_nats(images, decoded, self.log_pixel_variance())

    def log_pixel_variance(self) -> Tensor | float:
        """log σ_x², a parameter when it is learned (held within [1e-4, 10])."""
        if self.settings.learned_variance:
            return self.log_variance.clamp(math.log(1e-4), math.log(10))
        return math.log(self.settings.decoder_variance)

    def extras(self) -> dict[str, Tensor]:
        """A curve of σ_x² when it is learned."""
        variance = self.log_pixel_variance()
        return {"decoder_variance": variance.detach().exp()} if isinstance(variance, Tensor) else {}


def gaussian_nats(images: Tensor, mean: Tensor, log_variance: Tensor | float) -> Tensor:
    """−log N(x; mean, σ_x² I) in nats with its constant; (..., C, H, W) twice → (...)."""
    pixels = images.shape[-3] * images.shape[-2] * images.shape[-1]
    variance = log_variance.exp() if isinstance(log_variance, Tensor) else math.exp(log_variance)
    squares = (images - mean).square().sum(dim=(-3, -2, -1))
    return 0.5 * (squares / variance + pixels * (log_variance + gaussians.LOG_2PI))
