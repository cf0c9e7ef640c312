"""Gaussian formulas against torch.distributions, numerical integration and closed forms, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import distributions as dist

from simssl_core.functional import gaussians

torch.manual_seed(0)
MU, LOG_VAR = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)


def normal(mu, log_var):
    return dist.Independent(dist.Normal(mu, torch.exp(0.5 * log_var)), 1)


def test_entropy_matches_torch():
    torch.testing.assert_close(gaussians.entropy(LOG_VAR), normal(MU, LOG_VAR).entropy(), rtol=1e-12, atol=0)


def test_log_normal_matches_torch():
    x = torch.randn(5, 3, dtype=torch.float64)
    expected = dist.Independent(dist.Normal(MU, math.sqrt(0.3)), 1).log_prob(x)
    torch.testing.assert_close(gaussians.log_normal(x, MU, 0.3), expected, rtol=1e-12, atol=0)


def test_divergences_match_torch():
    other_mu, other_log_var = MU.flip(0) * 2, LOG_VAR.flip(1) / 2
    expected = dist.kl_divergence(normal(MU, LOG_VAR), normal(other_mu, other_log_var))
    torch.testing.assert_close(gaussians.kl(MU, LOG_VAR, other_mu, other_log_var), expected, rtol=1e-12, atol=0)
    standard = dist.kl_divergence(normal(MU, LOG_VAR), normal(torch.zeros_like(MU), torch.zeros_like(MU)))
    torch.testing.assert_close(gaussians.kl_standard(MU, LOG_VAR), standard, rtol=1e-12, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_gaussian_content_is_a_joint_gaussian_over_the_views(views):
    sigma2, gamma2, dims = 0.15, 1.7, 4
    z = torch.randn(views, 5, dims, dtype=torch.float64)
    eye, ones = torch.eye(views, dtype=torch.float64), torch.ones(views, views, dtype=torch.float64)
    joint = dist.MultivariateNormal(torch.zeros(views, dtype=torch.float64), gamma2 * ones + sigma2 * eye)
    expected = joint.log_prob(z.permute(1, 2, 0)).sum(-1)
    torch.testing.assert_close(gaussians.shared_content(z, sigma2, gamma2), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_uniform_content_is_the_integral_over_y(views):
    sigma2 = 0.15
    z = torch.randn(views, 1, 1, dtype=torch.float64)
    y = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    product = dist.Normal(y, math.sqrt(sigma2)).log_prob(z.view(views, 1)).sum(0)
    expected = torch.trapezoid(product.exp(), y).log()
    torch.testing.assert_close(gaussians.shared_content(z, sigma2)[0], expected, rtol=1e-6, atol=0)


def test_a_wide_gaussian_content_approaches_the_uniform_one():
    z = torch.randn(3, 2, 4, dtype=torch.float64)
    wide = 1e10
    flat = 0.5 * 4 * math.log(2 * math.pi * wide)
    torch.testing.assert_close(
        gaussians.shared_content(z, 0.15, wide) + flat, gaussians.shared_content(z, 0.15), rtol=1e-6, atol=0
    )


def test_bounded_leaves_ordinary_values_and_stops_the_rest():
    ordinary = torch.linspace(-10, 10, 41, dtype=torch.float64)
    assert torch.equal(gaussians.bounded(ordinary), ordinary)
    wild = torch.tensor([-1e4, -11.0, 11.0, 1e4], dtype=torch.float64, requires_grad=True)
    bent = gaussians.bounded(wild)
    assert bent.abs().max() <= 14 and (bent[1:] > bent[:-1]).all()
    assert torch.autograd.gradcheck(gaussians.bounded, wild[1:3].detach().requires_grad_())


def test_samples_have_the_mean_and_variance_asked_for():
    mu, log_var = torch.tensor([1.0, -2.0]), torch.tensor([0.5, -1.0])
    drawn = gaussians.sample(mu.expand(200_000, 2), log_var.expand(200_000, 2))
    torch.testing.assert_close(drawn.mean(0), mu, rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.var(0), log_var.exp(), rtol=0.02, atol=0)
