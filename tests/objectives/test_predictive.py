"""BYOL, SimSiam, DINO, SwAV and DeepCluster against lightly, torch and scikit-learn, in float64."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from simssl_core.functional.clustering import sinkhorn, spherical_kmeans
from simssl_core.functional.vectors import unit
from simssl_core.models import ema
from simssl_core.objectives.discriminative.byol import byol_loss
from simssl_core.objectives.discriminative.dino import teacher_target
from simssl_core.objectives.discriminative.simsiam import simsiam_loss
from simssl_core.objectives.discriminative.swav import swapped_prediction
from tests.objectives.small_worlds import make_views, small, train
from tests.ordered_pairs import ordered_pairs

F64 = torch.float64


@pytest.mark.parametrize("views", [2, 3, 8])
def test_byol_and_simsiam_match_lightlys_cosine_over_ordered_pairs(lightly_loss, views):
    cosine = lightly_loss("negative_cosine_similarity", "NegativeCosineSimilarity")()
    q, t = torch.randn(views, 7, 5, dtype=F64), torch.randn(views, 7, 5, dtype=F64)
    expected = torch.stack([cosine(q[a], t[b]) for a, b in ordered_pairs(views)]).mean()
    torch.testing.assert_close(simsiam_loss(q, t), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(byol_loss(q, t), 2 + 2 * expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(
        byol_loss(q, t),
        torch.stack([(unit(q[a]) - unit(t[b])).square().sum(-1).mean() for a, b in ordered_pairs(views)]).mean(),
        rtol=1e-10,
        atol=0,
    )


def test_views_that_agree_are_least_pulled_and_nothing_pushes():
    q = torch.randn(1, 7, 5, dtype=F64).expand(3, 7, 5)
    assert byol_loss(q, q).abs() < 1e-12 and (simsiam_loss(q, q) + 1).abs() < 1e-12
    for name in ("byol", "simsiam"):
        objective = small(name)
        assert "push" not in objective.roles and objective(make_views()).push == 0
        one = torch.ones(2, 7, 64)
        parts = {"byol": {"predicted": one, "wanted": one}, "simsiam": {"predicted": one, "p": one}}[name]
        assert objective.terms(make_views(), **parts).loss <= objective(make_views()).loss, "collapse is not punished"


def test_simsiam_stops_the_gradient_of_what_is_predicted():
    q, p = torch.randn(2, 7, 5, dtype=F64, requires_grad=True), torch.randn(2, 7, 5, dtype=F64, requires_grad=True)
    simsiam_loss(q, p).backward()
    assert q.grad.abs().sum() > 0 and p.grad is None


def test_byols_objective_predicts_the_target_network():
    objective, batch = small("byol").double(), make_views(2, dtype=F64)
    with torch.no_grad():
        for weight in objective.target_encoder.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    flat = batch.images.flatten(0, 1)
    predicted = objective.predictor(objective.projector(objective.encoder(flat))).unflatten(0, (2, 6))
    wanted = objective.target_projector(objective.target_encoder(flat)).unflatten(0, (2, 6))
    expected = 2 - F.cosine_similarity(predicted, wanted.flip(0), dim=-1).mean() * 2
    torch.testing.assert_close(objective(batch).loss, expected, rtol=1e-9, atol=0)


def test_targets_follow_after_the_step_and_slow_down():
    assert ema.rising(0.9, 0, 100) == pytest.approx(0.9)
    assert ema.rising(0.9, 50, 100) == pytest.approx(0.95) and ema.rising(0.9, 100, 100) == 1.0
    objective = small("byol", settings={"momentum": 0.5})
    old = [p.clone() for p in objective.target_projector.parameters()]
    train(objective, 1)
    m = ema.rising(0.5, 1, 100)
    for was, now, online in zip(
        old, objective.target_projector.parameters(), objective.projector.parameters(), strict=True
    ):
        torch.testing.assert_close(now, m * was + (1 - m) * online)
        assert not now.requires_grad
    assert not objective.target_encoder.training or objective.training


@pytest.mark.parametrize(("views", "batch", "width"), [(2, 6, 10), (3, 5, 4), (8, 3, 7)])
def test_dino_matches_lightly_and_so_does_its_centre(lightly_loss, views, batch, width):
    peer = lightly_loss("dino_loss", "DINOLoss")(output_dim=width).double()
    objective = small("dino", settings={"prototypes": width}).double().train()
    for step in range(3):  # the centre is zero only at first
        student, teacher = torch.randn(views, batch, width, dtype=F64), torch.randn(views, batch, width, dtype=F64)
        expected = peer(list(teacher), list(student))
        terms = objective.terms(make_views(views, batch, dtype=F64), scores=student, output=teacher)
        torch.testing.assert_close(terms.loss, expected, rtol=1e-5, atol=0)
        objective.after_step(step + 1, 10)
        torch.testing.assert_close(objective.centre, peer.center.flatten(), rtol=1e-6, atol=1e-12)


def test_dinos_teacher_has_no_gradient_and_starts_as_the_student():
    objective, batch = small("dino", settings={"prototypes": 8}), make_views()
    parts = objective.networks(batch)
    torch.testing.assert_close(parts["scores"], parts["output"])
    objective(batch).loss.backward()
    assert all(p.grad is None for p in objective.teacher.parameters())
    assert not teacher_target(parts["scores"], objective.centre, 0.04).requires_grad
    old = [p.clone() for p in objective.teacher.parameters()]
    train(objective, 1)
    assert any(not torch.equal(a, b) for a, b in zip(old, objective.teacher.parameters(), strict=True))


@pytest.mark.parametrize("iterations", [1, 3, 10])
@pytest.mark.parametrize(("batch", "count"), [(6, 3), (4, 12)])
def test_sinkhorn_matches_lightly(lightly_loss, batch, count, iterations):
    scores = torch.rand(batch, count, dtype=F64) * 2 - 1
    expected = lightly_loss("swav_loss", "sinkhorn")(scores.clone(), iterations, 0.05)
    torch.testing.assert_close(sinkhorn(scores, 0.05, iterations), expected, rtol=1e-7, atol=1e-12)


def test_sinkhorn_splits_evenly_and_survives_sharp_codes():
    codes = sinkhorn(torch.rand(3, 12, 4), 0.05, 100)
    torch.testing.assert_close(codes.sum(-1), torch.ones(3, 12))
    torch.testing.assert_close(codes.sum(-2), torch.full((3, 4), 3.0), rtol=1e-3, atol=0)
    assert sinkhorn(torch.rand(12, 4) * 2 - 1, 0.005).isfinite().all()


@pytest.mark.parametrize(("views", "batch", "count"), [(2, 6, 12), (3, 5, 4), (8, 3, 7)])
def test_swav_matches_lightly(lightly_loss, views, batch, count):
    scores = torch.rand(views, batch, count, dtype=F64) * 2 - 1
    expected = lightly_loss("swav_loss", "SwaVLoss")()(list(scores), [])
    objective = small("swav", settings={"prototypes": count}).double()
    terms = objective.terms(make_views(views, batch, dtype=F64), scores=scores)
    torch.testing.assert_close(terms.loss, expected.squeeze(), rtol=1e-5, atol=0)


def test_swavs_scores_are_cosines_and_its_codes_have_no_gradient():
    objective = small("swav", settings={"prototypes": 5}).double()
    p = objective.project(make_views(dtype=F64).images)
    scores = objective.networks(make_views(dtype=F64))["scores"]
    expected = F.cosine_similarity(p[:, :, None], objective.prototypes.weight, dim=-1)
    torch.testing.assert_close(scores, expected, rtol=1e-9, atol=1e-12)
    assert not sinkhorn(scores).requires_grad


def test_swapped_prediction_has_finite_difference_gradients():
    scores = torch.randn(3, 4, 5, dtype=F64, requires_grad=True)
    codes = torch.randn(3, 4, 5, dtype=F64).softmax(-1)
    assert torch.autograd.gradcheck(lambda s: swapped_prediction(s, codes, 0.5), (scores,))
    q, t = torch.randn(2, 3, 4, dtype=F64, requires_grad=True), torch.randn(2, 3, 4, dtype=F64)
    assert torch.autograd.gradcheck(lambda q: byol_loss(q, t), (q,))
    assert torch.autograd.gradcheck(lambda q: simsiam_loss(q, t), (q,))


def test_predicting_one_prototype_for_all_is_pushed():
    objective, batch = small("swav", settings={"prototypes": 6}).double(), make_views(dtype=F64)
    one = torch.zeros(2, 6, 6, dtype=F64)
    one[..., 0] = 1
    right = torch.eye(6, dtype=F64).expand(2, 6, 6)
    assert objective.terms(batch, scores=one).loss > objective.terms(batch, scores=right).loss + 1


@pytest.mark.parametrize("views", [2, 3])
def test_deep_cluster_is_the_cross_entropy_with_last_epochs_clusters(views):
    objective, batch = small("deep_cluster", settings={"clusters": 5}).double(), make_views(views, dtype=F64)
    assert objective(batch).loss == 0, "nothing is assigned in the first epoch"
    objective.assigned[:4] = torch.tensor([3, 0, 4, 3])
    p = unit(objective.networks(batch)["p"])
    wanted = objective.assigned[batch.index]
    losses = [F.cross_entropy(v @ objective.centroids.T / 0.1, wanted, ignore_index=-1) for v in p]
    torch.testing.assert_close(objective(batch).loss, torch.stack(losses).mean(), rtol=1e-10, atol=0)


def test_deep_cluster_clusters_at_the_end_of_each_epoch_and_not_before():
    objective = small("deep_cluster", settings={"clusters": 5})
    optimizer = train(objective, 3)
    assert (objective.assigned == -1).all(), "18 of 24 data were seen"
    train(objective, 1, optimizer, first=3)
    assert (objective.assigned >= 0).all()
    memory, centroids, assigned = objective.memory.clone(), objective.centroids.clone(), objective.assigned.clone()
    assert torch.equal((memory @ centroids.T).argmax(-1), assigned)
    train(objective, 3, optimizer, first=4)
    assert torch.equal(objective.centroids, centroids) and torch.equal(objective.assigned, assigned), (
        "fixed within the epoch"
    )
    train(objective, 1, optimizer, first=7)
    assert not torch.equal(objective.centroids, centroids)


def test_deep_cluster_has_ten_clusters_for_each_class():
    assert len(small("deep_cluster", data_size=500, classes=3).centroids) == 30
    assert len(small("deep_cluster", data_size=500, classes=0).centroids) == 100
    assert len(small("deep_cluster", data_size=24, classes=3).centroids) == 24, "never more than data"


def test_kmeans_finds_clusters_that_scikit_learn_finds():
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    torch.manual_seed(0)
    centres = unit(torch.randn(4, 8, dtype=F64))
    points = unit(centres.repeat_interleave(30, 0) + 0.05 * torch.randn(120, 8, dtype=F64))
    best = max((spherical_kmeans(points, 4, 20) for _ in range(8)), key=lambda r: (points * r[0][r[1]]).sum())
    peer = KMeans(4, n_init=10, random_state=0).fit_predict(points.numpy())
    assert adjusted_rand_score(peer, best[1].numpy()) == 1.0
    means = torch.stack([unit(points[best[1] == k].mean(0)) for k in range(4)])
    torch.testing.assert_close(best[0], means, rtol=1e-9, atol=1e-12)


def test_kmeans_keeps_a_centroid_that_loses_its_points():
    points = unit(torch.randn(1, 4, dtype=F64)).expand(6, 4)
    centroids, nearest = spherical_kmeans(points, 3)
    assert centroids.isfinite().all() and (nearest == nearest[0]).all()
