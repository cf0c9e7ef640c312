"""SimVAE and VAE against exact likelihoods and torch.distributions, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import distributions as dist

from simssl_core.data.types import Views
from simssl_core.functional import gaussians
from simssl_core.objectives.generative.base import gaussian_nats
from simssl_core.objectives.generative.simvae import SimVAEConfig, shared_content_parts
from tests.objectives.small_worlds import make_views, replay, small

F64 = torch.float64


@pytest.mark.parametrize("views", [2, 3, 8])
@pytest.mark.parametrize("prior", ["uniform", "gaussian"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_terms_are_the_elbo_by_torch_distributions(views, prior, likelihood):
    settings = {"prior": prior, "sigma2": 0.2, "gamma2": 1.3, "decoder_variance": 0.05}
    objective = small("simvae", settings=settings, likelihood=likelihood).double()
    batch = make_views(views, dtype=F64)
    terms, parts = replay(objective, batch)
    mu, log_var, z, decoded = (parts[name] for name in ("mu", "log_var", "z", "decoded"))
    torch.testing.assert_close(decoded[1], objective.decoder(z[1]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(mu[1], objective.encode(batch.images[1]), rtol=1e-9, atol=1e-12)

    if likelihood == "bernoulli":
        pixels = dist.Bernoulli(logits=decoded, validate_args=False).log_prob(batch.images)
    else:
        pixels = dist.Normal(decoded, math.sqrt(0.05)).log_prob(batch.images)
    reconstruct = -pixels.sum(dim=(0, 2, 3, 4)).mean()
    entropy = dist.Normal(mu, torch.exp(log_var / 2)).entropy().sum(dim=(0, 2)).mean()
    if prior == "gaussian":
        cov = 1.3 * torch.ones(views, views, dtype=F64) + 0.2 * torch.eye(views, dtype=F64)
        joint = dist.MultivariateNormal(torch.zeros(views, dtype=F64), cov).log_prob(z.permute(1, 2, 0)).sum(-1).mean()
        content = -dist.Normal(torch.zeros_like(z[0]), math.sqrt(1.3 + 0.2 / views)).log_prob(z.mean(0)).sum(-1).mean()
    else:
        joint = gaussians.shared_content(z, 0.2).mean()  # itself checked by integration in tests/functional
        content = torch.zeros((), dtype=F64)

    torch.testing.assert_close(terms.reconstruct, reconstruct, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.push, content - entropy, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.loss, reconstruct - entropy - joint, rtol=1e-10, atol=0)


def linear_world(views: int, dims: int = 2):
    """A linear-Gaussian decoder x = Wz + b + noise, J views of one datum drawn from the model, and the exact answers.

    Returns x (J, 64), decode, log p(x¹..x^J) and the exact joint posterior of (z¹..z^J) as a MultivariateNormal.
    """
    generator = torch.Generator().manual_seed(views)
    sigma2, gamma2, noise = 0.4, 1.3, 0.5
    weight, _ = torch.linalg.qr(torch.randn(64, dims, dtype=F64, generator=generator))  # orthogonal: diagonal at J = 1
    bias = torch.randn(64, dtype=F64, generator=generator)
    shared = gamma2 * torch.ones(views, views, dtype=F64) + sigma2 * torch.eye(views, dtype=F64)
    prior = torch.kron(shared, torch.eye(dims, dtype=F64))
    big = torch.kron(torch.eye(views, dtype=F64), weight.contiguous())
    x = torch.randn(views * 64, dtype=F64, generator=generator)
    marginal = dist.MultivariateNormal(
        bias.repeat(views), big @ prior @ big.T + noise * torch.eye(views * 64, dtype=F64)
    )
    covariance = torch.linalg.inv(torch.linalg.inv(prior) + big.T @ big / noise)
    posterior = dist.MultivariateNormal(covariance @ big.T @ (x - bias.repeat(views)) / noise, covariance)
    settings = {"prior": "gaussian", "sigma2": sigma2, "gamma2": gamma2, "decoder_variance": noise}
    return x.view(views, 64), lambda z: z @ weight.T + bias, marginal.log_prob(x), posterior, settings


def exact_terms(x, decode, mu, log_var, settings):
    """The objective's own terms with E_q exact: all are quadratic in z, so 2n sigma points average to the mean."""
    views, dims = mu.shape
    n = views * dims
    steps = math.sqrt(n) * torch.diag(torch.exp(log_var / 2).flatten())
    z = (mu.flatten() + torch.cat([steps, -steps])).view(2 * n, views, dims).transpose(0, 1)  # (J, 2n data, D)
    objective = small("simvae", settings=settings, likelihood="gaussian").double()
    images = x.view(views, 1, 1, 8, 8).expand(views, 2 * n, 1, 8, 8)
    batch = Views(images, {}, torch.arange(2 * n), torch.zeros(2 * n, dtype=torch.long))
    same = [v[:, None].expand(views, 2 * n, dims) for v in (mu, log_var)]
    return objective.terms(batch, *same, z, decode(z).view(views, 2 * n, 1, 8, 8))


def test_with_the_exact_posterior_the_bound_is_the_log_likelihood():
    """One view, where the exact posterior is diagonal, as the encoder's is."""
    x, decode, truth, posterior, settings = linear_world(1)
    torch.testing.assert_close(posterior.covariance_matrix, posterior.variance.diag(), rtol=0, atol=1e-12)
    terms = exact_terms(x, decode, posterior.mean.view(1, 2), posterior.variance.log().view(1, 2), settings)
    torch.testing.assert_close(-terms.loss, truth, rtol=1e-9, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_the_bound_misses_the_log_likelihood_by_exactly_the_divergence_from_the_posterior(views):
    """Several views have a correlated posterior that no per-view q equals: −loss + KL(q ‖ posterior) = log p(x)."""
    x, decode, truth, posterior, settings = linear_world(views)
    mu = posterior.mean.view(views, 2) + 0.1
    log_var = torch.randn(views, 2, dtype=F64, generator=torch.Generator().manual_seed(0)) - 1
    terms = exact_terms(x, decode, mu, log_var, settings)
    q = dist.MultivariateNormal(mu.flatten(), log_var.exp().flatten().diag())
    gap = dist.kl_divergence(q, posterior)
    assert gap > 0.1
    torch.testing.assert_close(-terms.loss + gap, truth, rtol=1e-9, atol=0)


def test_released_weights_are_the_authors_published_code():
    """Their loss: reconstruction / 0.01, entropy as π·Σ log s² (plus constants), the views' distance as here."""
    settings = {"reconstruction_weight": 100, "entropy_weight": 2 * math.pi}
    batch = make_views(2, dtype=F64)
    terms, parts = replay(small("simvae", settings=settings).double(), batch)
    bce = torch.nn.functional.binary_cross_entropy_with_logits(parts["decoded"], batch.images, reduction="none")
    torch.testing.assert_close(terms.reconstruct, bce.sum(dim=(0, 2, 3, 4)).mean() / 0.01, rtol=1e-10, atol=0)
    width = parts["mu"].shape[-1]
    expected = -math.pi * (parts["log_var"].sum(dim=(0, 2)).mean() + 2 * width * math.log(2 * math.pi * math.e))
    torch.testing.assert_close(terms.push, expected, rtol=1e-10, atol=0)


def test_views_that_agree_are_not_pulled():
    z = torch.randn(1, 5, 4, dtype=F64).expand(3, 5, 4)
    for prior in ("uniform", "gaussian"):
        assert shared_content_parts(z, SimVAEConfig(prior=prior))[0].abs() < 1e-20
    assert shared_content_parts(torch.randn(3, 5, 4, dtype=F64), SimVAEConfig())[0] > 1


def test_a_vanishing_posterior_is_pushed():
    """The collapse of a generative model is q shrinking to points: its entropy falls and push grows without bound."""
    objective, batch = small("simvae").double(), make_views(2, dtype=F64)
    parts = objective.networks(batch)
    sharp = objective.terms(batch, **(parts | {"log_var": torch.full_like(parts["log_var"], -14.0)}))
    assert sharp.push > objective.terms(batch, **parts).push + 10


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_vae_is_the_elbo_by_torch_distributions(likelihood):
    objective, batch = small("vae", likelihood=likelihood).double(), make_views(3, dtype=F64)
    terms, parts = replay(objective, batch)
    q = dist.Normal(parts["mu"], torch.exp(parts["log_var"] / 2))
    kl = dist.kl_divergence(q, dist.Normal(0.0, 1.0)).sum(dim=(0, 2)).mean()
    if likelihood == "bernoulli":
        pixels = dist.Bernoulli(logits=parts["decoded"], validate_args=False).log_prob(batch.images)
    else:
        pixels = dist.Normal(parts["decoded"], 0.1).log_prob(batch.images)
    torch.testing.assert_close(terms.push, kl, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.reconstruct, -pixels.sum(dim=(0, 2, 3, 4)).mean(), rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.loss, terms.push + terms.reconstruct, rtol=1e-12, atol=0)


def test_learned_variance_finds_the_residuals_variance():
    objective = small("vae", settings={"learned_variance": True, "decoder_variance": 0.5}, likelihood="gaussian")
    batch = make_views(2)
    decoded = batch.images + 0.2 * torch.randn_like(batch.images)
    optimizer = torch.optim.Adam([objective.log_variance], lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        objective.reconstruction(batch.images, decoded).backward()
        optimizer.step()
    torch.testing.assert_close(
        objective.extras()["decoder_variance"], (batch.images - decoded).square().mean(), rtol=1e-2, atol=0
    )


def test_gaussian_nats_has_finite_difference_gradients():
    images, mean = torch.rand(2, 1, 2, 2, dtype=F64), torch.rand(2, 1, 2, 2, dtype=F64, requires_grad=True)
    log_variance = torch.tensor(-1.0, dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m, v: gaussian_nats(images, m, v), (mean, log_variance))


@pytest.mark.parametrize("prior", ["uniform", "gaussian"])
def test_shared_content_has_finite_difference_gradients(prior):
    z = torch.randn(3, 2, 2, dtype=F64, requires_grad=True)
    settings = SimVAEConfig(prior=prior)
    assert torch.autograd.gradcheck(lambda z: shared_content_parts(z, settings)[:2], (z,))


def test_imagined_views_spread_by_sigma():
    objective = small("simvae", settings={"sigma2": 0.25})
    assert torch.equal(objective.spread(torch.zeros(3, 4)), torch.full((3, 4), 0.5))
    assert small("vae").spread(torch.zeros(3, 4)) is None


@pytest.mark.parametrize(("likelihood", "low", "high"), [("bernoulli", 0, 1), ("gaussian", 0, 1)])
def test_decoded_images_are_images(likelihood, low, high):
    objective = small("simvae", likelihood=likelihood).eval()
    images = make_views().images[0]
    mu, log_var = objective.posterior(images)
    assert torch.equal(mu, objective.encode(images)) and mu.shape == log_var.shape == (6, 4)
    decoded = objective.decode(10 * mu)
    assert decoded.shape == images.shape and decoded.min() >= low and decoded.max() <= high
