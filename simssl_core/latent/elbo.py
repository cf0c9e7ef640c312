"""ELBO_SSL of a frozen representation: any encoder is scored in nats under the paper's latent variable model.

An affine map and a small network on top of the frozen features h(x) give q(z|x) = N(μ(h), diag s²(h)), and a decoder
gives p(x|z). Both are fitted by maximising

    ELBO_SSL = Σ_j E_q log p(x^j|z^j)  +  Σ_j H[q(z^j|x^j)]  +  E_q log p(z¹..z^J),   y ~ N(0, γ²I), z|y ~ N(y, σ²I)

while the encoder stays fixed. The result compares discriminative and generative objectives on one scale: it is a lower
bound on log p(x¹..x^J) per datum. p(y) is Gaussian, so this is the bound of a proper density for every width.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simssl_core.config import ModelConfig
from simssl_core.data.catalog import Dataset
from simssl_core.data.view_maker import ViewMaker
from simssl_core.functional import gaussians
from simssl_core.latent.frozen_features import Encode, FrozenFeatures, freeze, learning_rate, pace, scaling
from simssl_core.models import decoders

BATCH = 64
LEARNING_RATE = 2e-3


class Nats(NamedTuple):
    """ELBO_SSL = reconstruct + entropy + prior, in nats per datum, summed over J views.

    ``error`` is the standard error of the sum over data.
    """

    reconstruct: float
    entropy: float
    prior: float
    error: float

    @property
    def elbo(self) -> float:
        """The lower bound on log p(x¹..x^J)."""
        return self.reconstruct + self.entropy + self.prior


class FrozenELBO(nn.Module):
    """The model on top of features of width D; σ², γ² and the variance of the pixels are fixed."""

    def __init__(
        self,
        model: ModelConfig,
        shape: tuple[int, int, int],
        width: int,
        likelihood: str,
        sigma2: float = 0.15,
        gamma2: float = 1.0,
        decoder_variance: float = 0.01,
        seed: int = 0,
    ):
        super().__init__()
        self.likelihood = likelihood
        self.sigma2 = sigma2
        self.gamma2 = gamma2
        self.decoder_variance = decoder_variance
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.place = nn.Linear(width, width)
            self.log_variance = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, width))
            self.decoder = decoders.build(model, tuple(shape), width)
        with torch.no_grad():  # start from the features themselves and a narrow posterior
            self.place.weight.copy_(torch.eye(width))
            self.place.bias.zero_()
            self.log_variance[2].weight.mul_(0.1)
            self.log_variance[2].bias.fill_(-3.0)

    def parts(self, features: Tensor, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return reconstruct, entropy and prior of each datum, (N,) each, in nats.

        ``features`` and ``noise`` are (J, N, D), ``images`` (J, N, C, H, W) in [0, 1].
        """
        h = (features - self.mean) * self.scale
        mu = self.place(h)
        log_var = gaussians.bounded(self.log_variance(h))
        z = mu + torch.exp(0.5 * log_var) * noise
        outputs = self.decoder(z.flatten(0, 1)).view_as(images)
        return (
            self._log_likelihood(outputs, images).sum(0),
            gaussians.entropy(log_var).sum(0),
            gaussians.shared_content(z, self.sigma2, self.gamma2),
        )

    def _log_likelihood(self, outputs: Tensor, images: Tensor) -> Tensor:
        """Return log p(x|z) with all constants, (J, N)."""
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(outputs, images, reduction="none").sum((2, 3, 4))
        squares = (outputs - images).square() / self.decoder_variance
        constant = gaussians.LOG_2PI + math.log(self.decoder_variance)
        return -0.5 * (squares + constant).sum((2, 3, 4))


def fit(
    elbo: FrozenELBO,
    encode: Encode,
    dataset: Dataset,
    view_maker: ViewMaker,
    seconds: float = 60.0,
    steps: int | None = None,
    count: int = 2,
    limit: int = 10_000,
    seed: int = 0,
) -> Iterator[tuple[float, float]]:
    """Maximise the bound on ``count`` views of the training data; yields (share done, recent mean of nats per datum).

    Stops after ``seconds`` or ``steps``, whichever comes first. The caller sets the encoder to evaluation mode.
    """
    started = time.perf_counter()
    frozen = freeze(encode, dataset, view_maker, count, limit=limit, seconds=0.2 * seconds, seed=seed)
    device = frozen.features.device
    elbo.to(device).train()
    mean, scale = scaling(frozen.features)
    elbo.mean.copy_(mean)
    elbo.scale.copy_(scale)
    optimizer = torch.optim.Adam(elbo.parameters(), lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(seed)
    batches = frozen.batches(BATCH, generator)
    smoothed = torch.tensor(math.nan)
    for step, share in pace(seconds, steps, started):
        if step % 10 == 0 or share == 1:
            yield share, float(smoothed)
        if share == 1:
            break
        optimizer.param_groups[0]["lr"] = learning_rate(LEARNING_RATE, step, share)
        features, images = next(batches)
        noise = torch.randn(features.shape, generator=generator).to(device)
        optimizer.zero_grad(set_to_none=True)
        bound = sum(elbo.parts(features, images, noise)).mean()
        (-bound / images[0, 0].numel()).backward()
        nn.utils.clip_grad_norm_(elbo.parameters(), 10.0)
        optimizer.step()
        smoothed = 0.9 * smoothed + 0.1 * bound.detach() if step else bound.detach()
    elbo.eval()


@torch.no_grad()
def measure(elbo: FrozenELBO, held_out: FrozenFeatures, samples: int = 4, seed: int = 0, batch: int = 128) -> Nats:
    """Measure the three terms on held-out data; each expectation is a mean over ``samples`` draws of z per datum."""
    elbo.eval()
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for places in torch.arange(len(held_out)).split(batch):
        features = held_out.features[:, places]
        images = held_out.images[:, places].float().div(255)
        draws = [
            torch.stack(elbo.parts(features, images, torch.randn(features.shape, generator=generator).to(features)))
            for _ in range(samples)
        ]
        rows.append(torch.stack(draws).double().mean(0))
    parts = torch.cat(rows, dim=1)  # 3×N
    error = parts.sum(0).std() / math.sqrt(parts.shape[1])
    return Nats(*parts.mean(1).tolist(), error.item())
