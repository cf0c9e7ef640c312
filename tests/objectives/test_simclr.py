"""SimCLR against lightly's NT-Xent, and against a loop for more views than two."""

from __future__ import annotations

import pytest
import torch

from simssl_core.objectives.discriminative.simclr import nt_xent
from tests.objectives.small_worlds import make_views, small

F64 = torch.float64


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize(("batch", "width"), [(2, 3), (16, 8), (33, 64)])
def test_two_views_match_lightly(lightly_loss, batch, width, temperature):
    p = torch.randn(2, batch, width, dtype=F64)
    expected = lightly_loss("ntx_ent_loss", "NTXentLoss")(temperature)(p[0], p[1])
    torch.testing.assert_close(sum(nt_xent(p, temperature)), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_any_number_of_views_matches_a_loop(views):
    tau, batch = 0.3, 5
    p = torch.randn(views, batch, 4, dtype=F64)
    unit = torch.nn.functional.normalize(p, dim=-1)
    losses = []
    for a in range(views):
        for n in range(batch):
            others = [(c, m) for c in range(views) for m in range(batch) if (c, m) != (a, n)]
            denominator = torch.stack([unit[a, n] @ unit[c, m] / tau for c, m in others]).logsumexp(0)
            losses += [denominator - unit[a, n] @ unit[b, n] / tau for b in range(views) if b != a]
    torch.testing.assert_close(sum(nt_xent(p, tau)), torch.stack(losses).mean(), rtol=1e-10, atol=0)


def test_the_objective_is_its_loss_of_the_projections():
    objective, views = small("simclr", settings={"temperature": 0.2}).double(), make_views(3, dtype=F64)
    terms = objective(views)
    pull, push = nt_xent(objective.networks(views)["p"], 0.2)
    assert torch.equal(terms.pull, pull) and torch.equal(terms.push, push) and torch.equal(terms.loss, pull + push)


def test_a_collapsed_batch_is_pushed_and_agreeing_views_are_least_pulled():
    spread, one = torch.randn(2, 16, 8, dtype=F64), torch.ones(2, 16, 8, dtype=F64)
    assert nt_xent(one, 0.5)[1] > nt_xent(spread, 0.5)[1] + 0.5
    torch.testing.assert_close(nt_xent(spread[:1].expand(2, 16, 8), 0.5)[0], torch.tensor(-2.0, dtype=F64))


def test_gradients_match_finite_differences():
    p = torch.randn(3, 4, 3, dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: nt_xent(p, 0.5), (p,))
