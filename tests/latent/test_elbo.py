"""ELBO_SSL on frozen features: its three terms against torch's distributions, the bound against a known likelihood."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from simssl_core.config import ModelConfig
from simssl_core.data.types import Split, Views
from simssl_core.latent.elbo import FrozenELBO, Nats, fit, measure
from simssl_core.latent.frozen_features import freeze

MODEL = ModelConfig(encoder="mlp", hidden=(64,))
SHAPE = (1, 2, 2)
SIGMA2, GAMMA2, PIXEL2 = 0.15, 1.0, 0.0025
MIX = 0.08 * torch.tensor([[1.0, 0.5], [-0.7, 1.0], [0.4, -1.0], [1.0, 1.0]])  # pixels × z


def elbo(width=3, likelihood="gaussian", **more):
    return FrozenELBO(MODEL, SHAPE, width, likelihood, SIGMA2, GAMMA2, PIXEL2, **more)


def batch(views=2, data=5, width=3):
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(views, data, width, generator=generator) for _ in range(2)]
    return draw[0], torch.rand(views, data, *SHAPE, generator=generator), draw[1]


def posterior(model, features):
    h = (features - model.mean) * model.scale
    return model.place(h), torch.exp(0.5 * model.log_variance(h))


@torch.no_grad()
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_terms_are_those_of_torch_distributions(likelihood):
    model = elbo(likelihood=likelihood)
    features, images, noise = batch()
    images = images.round() if likelihood == "bernoulli" else images
    reconstruct, entropy, prior = model.parts(features, images, noise)
    mu, s = posterior(model, features)
    z = mu + s * noise
    drawn = model.decoder(z.flatten(0, 1)).view_as(images)
    pixels = Bernoulli(logits=drawn) if likelihood == "bernoulli" else Normal(drawn, math.sqrt(PIXEL2))
    assert torch.allclose(reconstruct, Independent(pixels, 3).log_prob(images).sum(0), rtol=1e-4)
    assert torch.allclose(entropy, Independent(Normal(mu, s), 1).entropy().sum(0), atol=1e-4)
    views = len(z)
    covariance = SIGMA2 * torch.eye(views) + GAMMA2 * torch.ones(views, views)  # of one dimension of z¹..z^J
    joint = MultivariateNormal(torch.zeros(views), covariance)
    assert torch.allclose(prior, joint.log_prob(z.permute(1, 2, 0)).sum(1), atol=1e-4)


def test_the_sum_of_the_parts_is_the_bound():
    assert Nats(-3.0, 1.5, -2.0, 0.1).elbo == -3.5


class Gaussian:
    """x = ½ + A z + noise, z ~ N(y, σ²I), y ~ N(0, γ²I): its log-likelihood is known exactly."""

    def __init__(self, count=768):
        generator = torch.Generator().manual_seed(0)
        self.train, self.test = (
            Split(torch.zeros(size, *SHAPE, dtype=torch.uint8), torch.zeros(size, dtype=torch.int64), {"seed": y})
            for size in (count, 512)
            for y in [torch.randn(size, 2, generator=generator) * math.sqrt(GAMMA2)]
        )

    def __call__(self, split, at, generator, count):
        y = split.factors["seed"][at]
        z = y + math.sqrt(SIGMA2) * torch.randn(count, *y.shape, generator=generator)
        x = 0.5 + z @ MIX.T + math.sqrt(PIXEL2) * torch.randn(count, len(at), 4, generator=generator)
        return Views(x.view(count, len(at), *SHAPE).clamp(0, 1), {}, at, split.labels[at])

    @staticmethod
    def log_likelihood(images):
        """(J, N, 1, 2, 2) → mean over N of log p(x¹..x^J)."""
        views = len(images)
        one = SIGMA2 * MIX @ MIX.T + PIXEL2 * torch.eye(4)
        covariance = torch.kron(torch.eye(views), one) + torch.kron(torch.ones(views, views), GAMMA2 * MIX @ MIX.T)
        rows = images.flatten(2).transpose(0, 1).flatten(1)
        return MultivariateNormal(torch.full((4 * views,), 0.5), covariance).log_prob(rows).mean().item()


def encode_all(images):
    """All that the pixels say of z."""
    return (images.flatten(1) - 0.5) @ torch.linalg.pinv(MIX).T


def encode_nothing(images):
    return torch.tensor([[1.0, 2.0]]).repeat(len(images), 1)


@pytest.fixture(scope="module")
def fitted():
    world, found = Gaussian(), {}
    for name, encode in (("all", encode_all), ("nothing", encode_nothing)):
        model = FrozenELBO(MODEL, SHAPE, 2, "gaussian", SIGMA2, GAMMA2, PIXEL2)
        progress = list(fit(model, encode, world, world, seconds=30, steps=700))
        held_out = freeze(encode, world, world, 2, split="test")
        found[name] = (measure(model, held_out), progress, held_out)
    return found


def test_the_bound_is_below_the_known_likelihood_and_near_it(fitted):
    nats, progress, held_out = fitted["all"]
    truth = Gaussian.log_likelihood(held_out.images.float() / 255)
    assert nats.elbo < truth + 3 * nats.error, "a lower bound"
    assert nats.elbo > truth - 1.5, f"and a tight one: {nats.elbo:.2f} of {truth:.2f} nats"
    assert progress[-1][0] == 1.0 and progress[-1][1] > progress[1][1]


def test_features_that_say_nothing_are_nats_behind(fitted):
    assert fitted["nothing"][0].elbo < fitted["all"][0].elbo - 2


def test_the_error_is_that_of_the_mean_over_data(fitted):
    nats, _, held_out = fitted["all"]
    half = type(held_out)(held_out.features[:, :128], held_out.images[:, :128])
    model = FrozenELBO(MODEL, SHAPE, 2, "gaussian", SIGMA2, GAMMA2, PIXEL2)
    few, many = measure(model, half).error, measure(model, held_out).error
    assert few / many == pytest.approx(2, rel=0.35) and nats.error > 0


def test_measuring_twice_gives_the_same(fitted):
    model = elbo(width=2)
    held_out = fitted["all"][2]
    assert measure(model, held_out, seed=3) == measure(model, held_out, seed=3) != measure(model, held_out, seed=4)
