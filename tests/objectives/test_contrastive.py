"""InfoNCE, MoCo, instance discrimination and CLIP against lightly and torch's own cross-entropy, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from simssl_core.functional.vectors import unit
from simssl_core.models.queue import KeyQueue
from simssl_core.objectives.discriminative.moco import moco_loss
from tests.objectives.small_worlds import WORDS, make_views, small, train
from tests.ordered_pairs import ordered_pairs

F64 = torch.float64


@pytest.mark.parametrize("views", [2, 3, 8])
def test_infonce_is_the_cross_entropy_over_candidates(views):
    objective, batch = small("infonce", settings={"temperature": 0.2}).double(), make_views(views, dtype=F64)
    terms, parts = objective(batch), objective.networks(batch)
    a, c, own = unit(parts["a"]), unit(parts["c"]), torch.arange(6)
    pairs = [(i, k) for i in range(views) for k in range(i + 1, views)]
    expected = torch.stack([F.cross_entropy(a[i] @ c[k].T / 0.2, own) for i, k in pairs]).mean()
    torch.testing.assert_close(terms.loss, expected, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.extras["mutual_information"], math.log(6) - expected, rtol=1e-10, atol=0)


def test_the_bound_on_mutual_information_reaches_its_ceiling_for_identical_codes():
    objective, batch = small("infonce", settings={"temperature": 0.01}).double(), make_views(2, dtype=F64)
    code = torch.eye(6, 8, dtype=F64).expand(2, 6, 8)
    terms = objective.terms(batch, a=code, c=code)
    torch.testing.assert_close(terms.extras["mutual_information"], torch.tensor(math.log(6), dtype=F64))
    one = torch.ones(2, 6, 8, dtype=F64)
    collapsed = objective.terms(batch, a=one, c=one)
    assert collapsed.extras["mutual_information"].abs() < 1e-9 and collapsed.push > terms.push + 1


@pytest.mark.parametrize("temperature", [0.07, 0.2])
@pytest.mark.parametrize("size", [6, 24])
def test_moco_matches_lightly_in_one_direction(lightly_loss, size, temperature):
    q, k = unit(torch.randn(6, 8, dtype=F64)), unit(torch.randn(6, 8, dtype=F64))
    peer = lightly_loss("ntx_ent_loss", "NTXentLoss")(temperature, memory_bank_size=(size, 8)).double()
    queue = peer.memory_bank.bank.clone()
    expected = peer(q, k)
    # with a zero view beside it, each ordered pair's term is the one-directional loss of that pair
    nothing = torch.zeros(6, size, dtype=torch.bool)
    both = torch.stack([q, k])
    forth = sum(moco_loss(both, torch.stack([q, k]), queue, nothing, temperature))
    back = lightly_loss("ntx_ent_loss", "NTXentLoss")(temperature, memory_bank_size=(size, 8)).double()
    back.memory_bank.bank = queue.clone()
    torch.testing.assert_close(forth, (expected + back(k, q)) / 2, rtol=1e-5, atol=0)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_moco_averages_cross_entropies_over_ordered_pairs(views):
    q, k, queue = (unit(torch.randn(*s, 4, dtype=F64)) for s in ((views, 5), (views, 5), (9,)))
    nothing = torch.zeros(5, 9, dtype=torch.bool)
    losses = []
    for a, b in ordered_pairs(views):
        logits = torch.cat([(q[a] * k[b]).sum(-1, keepdim=True), q[a] @ queue.T], dim=1) / 0.3
        losses.append(F.cross_entropy(logits, torch.zeros(5, dtype=torch.long)))
    torch.testing.assert_close(
        sum(moco_loss(q, k, queue, nothing, 0.3)), torch.stack(losses).mean(), rtol=1e-10, atol=0
    )


def test_the_queue_matches_lightlys(lightly_loss):
    peer = lightly_loss("ntx_ent_loss", "NTXentLoss")(0.2, memory_bank_size=(24, 8)).memory_bank
    queue = KeyQueue(24, 8)
    queue.keys.copy_(peer.bank)
    for step in range(7):  # more than one round
        keys = unit(torch.randn(6, 8))
        peer(keys, update=True)
        queue.push(keys, torch.arange(6) + step)
        assert torch.equal(queue.keys, peer.bank)
    assert queue.index[:6].tolist() == [4, 5, 6, 7, 8, 9]


def test_the_queue_takes_sizes_that_do_not_divide_it():
    queue, keys = KeyQueue(5, 2), unit(torch.randn(12, 2))
    for start in (0, 4, 8):
        queue.push(keys[start : start + 4], torch.arange(start, start + 4))
    assert sorted(queue.index.tolist()) == [7, 8, 9, 10, 11]
    for place, index in enumerate(queue.index.tolist()):
        assert torch.equal(queue.keys[place], keys[index])
    queue.push(keys, torch.arange(12))
    assert sorted(queue.index.tolist()) == [7, 8, 9, 10, 11]


def test_keys_of_the_same_datum_are_never_negatives():
    objective, one = small("moco", settings={"queue": 16}), make_views(2, batch=1)
    train(objective, 1)
    assert objective.queue.index[:12].tolist() == [0, 1, 2, 3, 4, 5] * 2, "both views' keys of data 0..5 are queued"
    objective.eval()
    before = objective(one).loss
    own = objective.queue.index == one.index[0]
    objective.queue.keys[own] = unit(torch.randn(2, objective.queue.keys.shape[1]))
    assert torch.equal(objective(one).loss, before), "these keys belong to the query's own datum"
    objective.queue.keys[~own] = unit(torch.randn(14, objective.queue.keys.shape[1]))
    assert not torch.equal(objective(one).loss, before), "all others count"


def test_a_batch_is_queued_only_after_its_step():
    objective, batch = small("moco", settings={"queue": 16}).train(), make_views(2)
    kept = objective.queue.keys.clone()
    objective(batch)
    assert torch.equal(objective.queue.keys, kept)
    objective.after_step(1, 10)
    assert not torch.equal(objective.queue.keys, kept)
    kept = objective.queue.keys.clone()
    objective.eval()(batch)
    objective.after_step(2, 10)
    assert torch.equal(objective.queue.keys, kept), "what is looked at in evaluation is not queued"


def test_the_key_encoder_follows_after_the_step():
    objective = small("moco", settings={"momentum": 0.75})
    old = [p.clone() for p in objective.key_encoder.parameters()]
    train(objective, 1)
    for was, now, online in zip(old, objective.key_encoder.parameters(), objective.encoder.parameters(), strict=True):
        assert not torch.equal(was, online), "the optimiser moved the encoder first"
        torch.testing.assert_close(now, 0.75 * was + 0.25 * online)
        assert not now.requires_grad


@pytest.mark.parametrize("views", [2, 3])
def test_instance_discrimination_is_a_softmax_over_every_datum(views):
    objective, batch = small("instance_discrimination").double(), make_views(views, start=4, dtype=F64)
    p = unit(objective.networks(batch)["p"])
    expected = torch.stack([F.cross_entropy(v @ objective.bank.T / 0.07, batch.index) for v in p]).mean()
    torch.testing.assert_close(objective(batch).loss, expected, rtol=1e-10, atol=0)
    assert objective.bank.shape[0] == 24 == objective.context.data_size


def test_the_bank_moves_only_the_batchs_own_slots_and_only_after_the_step():
    objective, batch = small("instance_discrimination", settings={"momentum": 0.25}).train(), make_views(3, start=4)
    old, p = objective.bank.clone(), unit(objective.networks(batch)["p"]).mean(0)
    objective(batch)
    assert torch.equal(objective.bank, old)
    objective.after_step(1, 10)
    torch.testing.assert_close(objective.bank[4:10], unit(0.25 * old[4:10] + 0.75 * p))
    assert torch.equal(objective.bank[:4], old[:4]) and torch.equal(objective.bank[10:], old[10:])


def test_clip_is_the_mean_of_both_cross_entropies():
    objective, batch = small("clip", settings={"temperature": 0.2}).double(), make_views(2, dtype=F64)
    parts, own = objective.networks(batch), torch.arange(6)
    logits = unit(parts["p"]) @ unit(parts["t"]).T / 0.2
    expected = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    terms = objective(batch)
    torch.testing.assert_close(terms.loss, expected, rtol=1e-6, atol=0)  # 1/τ is kept as a float32 parameter
    torch.testing.assert_close(terms.pull, -logits.diagonal().mean(), rtol=1e-6, atol=0)


def test_clips_temperature_is_learned_and_held():
    objective = small("clip")
    start = objective.log_scale.item()
    assert start == pytest.approx(-math.log(0.07))
    train(objective, 2)
    assert objective.log_scale.item() != start
    with torch.no_grad():
        objective.log_scale.fill_(9.0)
    objective.after_step(3, 10)
    assert objective.log_scale.exp().item() == pytest.approx(100, rel=1e-6)


def test_a_collapsed_batch_is_pushed_by_every_contrastive_loss():
    batch = make_views(2, dtype=F64)
    spread, one = torch.randn(2, 6, 64, dtype=F64), torch.ones(2, 6, 64, dtype=F64)
    clip = small("clip").double()
    assert clip.terms(batch, p=one[0], t=one[0]).push > clip.terms(batch, p=spread[0], t=spread[1]).push
    moco = small("moco", settings={"queue": 64}).double()
    moco.queue.keys.copy_(unit(one[0, :1]))
    crowded = moco.terms(batch, p=one, k=one).push
    moco.queue.keys.copy_(unit(torch.randn(64, 64, dtype=F64)))
    assert crowded > moco.terms(batch, p=one, k=one).push
    bank = small("instance_discrimination").double()
    bank.bank.copy_(unit(one[0, :1]))
    crowded = bank.terms(batch, p=one).push
    bank.bank.copy_(unit(torch.randn(24, 64, dtype=F64)))
    assert crowded > bank.terms(batch, p=one).push


def test_gradients_match_finite_differences():
    q, queue = torch.randn(2, 3, 4, dtype=F64, requires_grad=True), unit(torch.randn(5, 4, dtype=F64))
    k, nothing = unit(torch.randn(2, 3, 4, dtype=F64)), torch.zeros(3, 5, dtype=torch.bool)
    nothing[0, 2] = True
    assert torch.autograd.gradcheck(lambda q: moco_loss(unit(q), k, queue, nothing, 0.5), (q,))


def test_captions_are_words_of_the_vocabulary():
    assert make_views().tokens.max() < len(WORDS)
