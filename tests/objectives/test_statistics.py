"""Barlow Twins, alignment and uniformity, LeJEPA and the supervised reference against lightly and torch, in float64."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from simssl_core.config import ModelConfig
from simssl_core.errors import ConfigError
from simssl_core.functional.vectors import unit
from simssl_core.objectives.discriminative.alignment_uniformity import uniformity
from simssl_core.objectives.discriminative.barlow_twins import barlow_parts
from simssl_core.objectives.discriminative.lejepa import sigreg
from tests.objectives.small_worlds import make_views, small, train
from tests.ordered_pairs import ordered_pairs

F64 = torch.float64


@pytest.mark.parametrize(("views", "batch", "width"), [(2, 2, 3), (2, 33, 16), (3, 9, 5), (8, 6, 4)])
def test_barlow_twins_matches_lightly_over_pairs(lightly_loss, views, batch, width):
    p = torch.randn(views, batch, width, dtype=F64)
    peer = lightly_loss("barlow_twins_loss", "BarlowTwinsLoss")()
    expected = torch.stack([peer(p[a], p[b]) for a, b in ordered_pairs(views)]).mean()
    objective = small("barlow_twins").double()
    terms = objective.terms(make_views(views, batch), p=p)
    torch.testing.assert_close(terms.loss, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(terms.pull, barlow_parts(p)[0], rtol=1e-12, atol=0)


def test_barlow_twins_pushes_repeated_dimensions_and_not_agreeing_views():
    p = torch.randn(1, 64, 6, dtype=F64)
    assert barlow_parts(p.expand(2, 64, 6))[0] < 1e-8
    repeated = p[..., :1].expand(2, 64, 6)
    assert barlow_parts(repeated)[1] > 20 > barlow_parts(p.expand(2, 64, 6))[1]


@pytest.mark.parametrize("t", [1.0, 2.0])
@pytest.mark.parametrize(("batch", "width"), [(2, 3), (33, 16)])
def test_alignment_and_uniformity_match_lightly(lightly_loss, batch, width, t):
    p = torch.randn(2, batch, width, dtype=F64)
    expected = lightly_loss("hypersphere_loss", "HypersphereLoss")(t=t)(p[0], p[1])
    objective = small("alignment_uniformity", settings={"t": t}).double()
    torch.testing.assert_close(objective.terms(make_views(2, batch), p=p).loss, expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_alignment_averages_pairs_and_uniformity_averages_views(views):
    p = torch.randn(views, 7, 4, dtype=F64)
    settings = {"alignment": 2.0, "uniformity": 3.0}
    terms = small("alignment_uniformity", settings=settings).double().terms(make_views(views, 7), p=p)
    u = unit(p)
    apart = torch.stack([(u[a] - u[b]).square().sum(-1).mean() for a, b in ordered_pairs(views)]).mean()
    even = torch.stack([torch.pdist(v).square().mul(-2).exp().mean().log() for v in u]).mean()
    torch.testing.assert_close(terms.pull, 2 * apart, rtol=1e-9, atol=0)
    torch.testing.assert_close(terms.push, 3 * even, rtol=1e-9, atol=0)


def test_one_point_is_the_least_uniform():
    one = unit(torch.ones(1, 9, 4, dtype=F64))
    torch.testing.assert_close(uniformity(one), torch.zeros(1, dtype=F64), rtol=0, atol=1e-12)
    assert uniformity(unit(torch.randn(1, 9, 4, dtype=F64))) < -0.5


@pytest.mark.parametrize(("views", "batch", "width"), [(2, 16, 8), (3, 33, 4), (8, 5, 16)])
def test_lejepa_matches_lightly(lightly_loss, views, batch, width):
    p = torch.randn(views, batch, width, dtype=F64) * 1.5 + 0.3
    peer = lightly_loss("lejepa_loss", "SIGReg")(num_vectors=256).double()
    agree = lightly_loss("lejepa_loss", "lejepa_invariance_loss")(all_proj=p, global_proj=p)
    torch.manual_seed(7)
    expected = peer(p)
    objective = small("lejepa").double()
    torch.manual_seed(7)  # both draw their slices by randn(width, 256)
    terms = objective.terms(make_views(views, batch), p=p)
    torch.testing.assert_close(terms.push, 0.05 * expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(terms.pull, 0.95 * agree, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.loss, 0.95 * agree + 0.05 * expected, rtol=1e-5, atol=0)


def test_sigreg_is_the_integral_it_stands_for():
    """Many knots of the trapezoid approach the integral over [−3, 3], here by quadrature on its definition."""
    p = torch.randn(1, 12, 3, dtype=F64)
    slices = unit(torch.randn(5, 3, dtype=F64)).T
    t = torch.linspace(-3, 3, 20_001, dtype=F64)
    total = 0.0
    for u in slices.T:
        x = p[0] @ u
        empirical = torch.exp(1j * t[:, None] * x[None]).mean(1)
        gauss = torch.exp(-t.square() / 2)
        total += 12 * torch.trapezoid((empirical - gauss).abs().square() * gauss, t) / 5
    torch.testing.assert_close(sigreg(p, slices, knots=2049), total, rtol=1e-5, atol=0)


def test_sigreg_pushes_a_collapsed_batch_and_spares_a_gaussian_one():
    slices = unit(torch.randn(64, 8, dtype=F64)).T
    gauss = torch.randn(1, 512, 8, dtype=F64)
    assert sigreg(torch.zeros(1, 512, 8, dtype=F64), slices) > 100 * sigreg(gauss, slices)
    same = gauss.expand(2, 512, 8)
    assert small("lejepa").double().terms(make_views(2), p=same).pull < 1e-12


def test_statistics_have_finite_difference_gradients():
    p = torch.randn(2, 4, 3, dtype=F64, requires_grad=True)
    slices = unit(torch.randn(5, 3, dtype=F64)).T
    assert torch.autograd.gradcheck(lambda p: sigreg(p, slices), (p,))
    assert torch.autograd.gradcheck(barlow_parts, (p,))
    assert torch.autograd.gradcheck(lambda p: uniformity(unit(p)), (p,))


@pytest.mark.parametrize("views", [2, 3])
def test_supervised_is_torchs_cross_entropy_without_the_unlabelled(views):
    objective, batch = small("supervised").double(), make_views(views, dtype=F64)
    batch = replace(batch, labels=torch.tensor([0, 2, -1, 1, -1, 0]))
    logits = objective.networks(batch)["logits"]
    expected = torch.stack([F.cross_entropy(v, batch.labels, ignore_index=-1) for v in logits]).mean()
    torch.testing.assert_close(objective(batch).loss, expected, rtol=1e-10, atol=0)
    nothing = replace(batch, labels=torch.full((6,), -1))
    assert objective(nothing).loss == 0


def test_supervised_needs_labels():
    with pytest.raises(ConfigError, match="labels"):
        small("supervised", classes=0)


def test_random_learns_nothing_but_batch_norms_statistics():
    objective = small("random", model=ModelConfig(encoder="convnet", width=4, channels=8))
    before = {k: v.clone() for k, v in objective.state_dict().items()}
    assert objective(make_views()).loss == 0
    train(objective, 3)
    for key, value in objective.state_dict().items():
        assert torch.equal(value, before[key]) != ("running" in key or "num_batches" in key), key
