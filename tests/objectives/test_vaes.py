"""The other generative objectives against torch.distributions and pythae's published formulas, in float64."""

from __future__ import annotations

import pytest
import torch
from torch import distributions as dist

from simssl_core.objectives.generative.info_vae import mmd
from tests.objectives.small_worlds import make_views, replay, small

F64 = torch.float64


def pixels(objective, batch, decoded) -> torch.Tensor:
    """−log p(x|z) per datum, summed over views, by torch.distributions."""
    if objective.context.likelihood == "bernoulli":
        log = dist.Bernoulli(logits=decoded, validate_args=False).log_prob(batch.images)
    else:
        log = dist.Normal(decoded, objective.settings.decoder_variance**0.5).log_prob(batch.images)
    return -log.sum(dim=(0, 2, 3, 4)).mean()


def divergence(parts) -> torch.Tensor:
    """KL from the standard normal per datum, summed over views."""
    q = dist.Normal(parts["mu"], torch.exp(parts["log_var"] / 2))
    return dist.kl_divergence(q, dist.Normal(torch.zeros_like(q.loc), torch.ones_like(q.loc))).sum(dim=(0, 2)).mean()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("views", [2, 3])
def test_ae_is_the_reconstruction_from_the_mean(likelihood, views):
    objective, batch = small("ae", likelihood=likelihood).double(), make_views(views, dtype=F64)
    terms, parts = replay(objective, batch)
    torch.testing.assert_close(terms.loss, pixels(objective, batch, parts["decoded"]), rtol=1e-10, atol=0)
    z = objective.encode(batch.images[0])
    torch.testing.assert_close(objective.decoder(z), parts["decoded"][0], rtol=1e-12, atol=1e-12)
    assert objective.posterior(batch.images[0]) is None
    assert torch.equal(objective.networks(batch)["decoded"], parts["decoded"]), "nothing is drawn at random"


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("beta", [0.5, 4.0])
def test_beta_vae_weighs_the_divergence(likelihood, beta):
    objective = small("beta_vae", settings={"beta": beta}, likelihood=likelihood).double()
    batch = make_views(3, dtype=F64)
    terms, parts = replay(objective, batch)
    torch.testing.assert_close(terms.push, beta * divergence(parts), rtol=1e-10, atol=0)
    expected = pixels(objective, batch, parts["decoded"]) + beta * divergence(parts)
    torch.testing.assert_close(terms.loss, expected, rtol=1e-10, atol=0)


def test_beta_one_is_the_vae():
    batch = make_views(2, dtype=F64)
    vae, beta = small("vae").double(), small("beta_vae", settings={"beta": 1.0}).double()
    torch.testing.assert_close(replay(beta, batch)[0].loss, replay(vae, batch)[0].loss, rtol=1e-12, atol=0)


def pythae_mmd(z: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """INFOVAE_MMD.loss_function and imq_kernel of pythae 0.1.2, its tensor shapes and loops kept."""

    def kernel(a, b):
        base = 2.0 * z.shape[-1] * 1.0**2
        k = 0
        for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0):
            c = scale * base
            k = k + c / (c + torch.norm(a.unsqueeze(1) - b.unsqueeze(0), dim=-1) ** 2)
        return k

    n = z.shape[0]
    k_z, k_prior, cross = kernel(z, z), kernel(prior, prior), kernel(z, prior)
    mmd_z = (k_z - k_z.diag().diag()).sum() / ((n - 1) * n)
    mmd_prior = (k_prior - k_prior.diag().diag()).sum() / ((n - 1) * n)
    return mmd_z + mmd_prior - 2 * cross.sum() / (n**2)


@pytest.mark.parametrize(("n", "width"), [(2, 3), (20, 4), (64, 16)])
def test_mmd_is_pythaes(n, width):
    z, prior = 1 + torch.randn(n, width, dtype=F64), torch.randn(n, width, dtype=F64)
    torch.testing.assert_close(mmd(z, prior), pythae_mmd(z, prior), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_info_vae_is_pythaes_loss_for_each_view(likelihood):
    settings = {"alpha": 0.3, "lambda_": 7.0}
    objective = small("info_vae", settings=settings, likelihood=likelihood).double()
    batch = make_views(3, dtype=F64)
    torch.manual_seed(3)
    parts = objective.networks(batch)
    prior = torch.randn_like(parts["z"].flatten(0, 1))  # the next draw of the same stream
    torch.manual_seed(3)
    terms = objective(batch)
    apart = pythae_mmd(parts["z"].flatten(0, 1), prior)
    expected = pixels(objective, batch, parts["decoded"]) + (1 - 0.3) * divergence(parts) + 3 * (0.3 + 7 - 1) * apart
    torch.testing.assert_close(terms.loss, expected, rtol=1e-7, atol=0)
    torch.testing.assert_close(terms.extras["mmd"], apart, rtol=1e-7, atol=1e-12)


def test_codes_that_collapse_are_far_from_the_prior():
    prior = torch.randn(64, 4, dtype=F64)
    assert mmd(torch.zeros(64, 4, dtype=F64), prior) > 20 * mmd(torch.randn(64, 4, dtype=F64), prior).abs()


@pytest.mark.parametrize("views", [2, 3, 8])
def test_cr_vae_adds_the_divergence_of_each_later_view_from_the_first(views):
    objective, batch = small("cr_vae", settings={"lambda_": 0.7}).double(), make_views(views, dtype=F64)
    terms, parts = replay(objective, batch)
    q = [dist.Normal(m, torch.exp(v / 2)) for m, v in zip(parts["mu"], parts["log_var"], strict=True)]
    between = sum(dist.kl_divergence(q[j], q[0]).sum(-1).mean() for j in range(1, views))
    torch.testing.assert_close(terms.pull, 0.7 * between, rtol=1e-10, atol=0)
    expected = pixels(objective, batch, parts["decoded"]) + divergence(parts) + 0.7 * between
    torch.testing.assert_close(terms.loss, expected, rtol=1e-10, atol=0)


def test_equal_views_are_not_pulled_by_cr_vae():
    objective, batch = small("cr_vae").double(), make_views(2, dtype=F64)
    same = make_views(2, dtype=F64)
    same.images[1] = same.images[0]
    assert objective(same).pull.abs() < 1e-12 < objective(batch).pull


def test_mmd_has_finite_difference_gradients():
    z, prior = torch.randn(4, 3, dtype=F64, requires_grad=True), torch.randn(4, 3, dtype=F64)
    assert torch.autograd.gradcheck(lambda z: mmd(z, prior), (z,))
