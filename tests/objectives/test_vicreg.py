"""VICReg against lightly at two views, and against its definition for more."""

from __future__ import annotations

import pytest
import torch

from simssl_core.objectives.discriminative.vicreg import vicreg_parts
from tests.objectives.small_worlds import make_views, small
from tests.ordered_pairs import ordered_pairs

F64 = torch.float64


def total(p, weights=(25.0, 25.0, 1.0)):
    return sum(w * part for w, part in zip(weights, vicreg_parts(p), strict=True))


@pytest.mark.parametrize(("batch", "width"), [(2, 3), (16, 8), (33, 64)])
@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_two_views_match_lightly(lightly_loss, batch, width, scale):
    p = scale * torch.randn(2, batch, width, dtype=F64)
    expected = lightly_loss("vicreg_loss", "VICRegLoss")()(p[0], p[1])
    torch.testing.assert_close(total(p), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_more_views_average_over_pairs_and_views(views):
    p = 0.7 * torch.randn(views, 9, 5, dtype=F64)
    invariance = torch.stack([(p[a] - p[b]).square().mean() for a, b in ordered_pairs(views)]).mean()
    hinge = torch.stack([(1 - (q.var(0) + 1e-4).sqrt()).clamp(min=0).mean() for q in p]).mean()
    off = 1 - torch.eye(5, dtype=F64)
    covariance = 2 * torch.stack([(torch.cov(q.T) * off).square().sum() / 5 for q in p]).mean()
    for part, expected in zip(vicreg_parts(p), (invariance, hinge, covariance), strict=True):
        torch.testing.assert_close(part, expected, rtol=1e-10, atol=0)


def test_the_objective_weighs_the_parts_by_role():
    settings = {"invariance": 3.0, "variance": 5.0, "covariance": 7.0, "gamma": 2.0}
    objective, views = small("vicreg", settings=settings).double(), make_views(3, dtype=F64)
    terms = objective(views)
    invariance, variance, covariance = vicreg_parts(objective.networks(views)["p"], 2.0)
    torch.testing.assert_close(terms.pull, 3 * invariance)
    torch.testing.assert_close(terms.push, 5 * variance + 7 * covariance)
    assert torch.equal(terms.loss, terms.pull + terms.push)


def test_a_collapsed_batch_is_pushed_and_agreeing_views_are_not_pulled():
    one = torch.ones(2, 16, 8, dtype=F64)
    invariance, variance, covariance = vicreg_parts(one)
    assert invariance == covariance == 0 and variance > 0.98
    line = torch.randn(2, 64, 1, dtype=F64).expand(2, 64, 8)  # dimensional collapse: one direction only
    assert vicreg_parts(line)[2] > 10 * vicreg_parts(torch.randn(2, 64, 8, dtype=F64))[2]


def test_gradients_match_finite_differences():
    p = 0.5 * torch.randn(3, 4, 3, dtype=F64)
    assert torch.autograd.gradcheck(vicreg_parts, (p.requires_grad_(),))
