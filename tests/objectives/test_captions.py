"""Objectives that read captions: CLIP and its generative counterpart, their oracle, and what they are for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import distributions as dist

from simssl_core.data.types import Views
from simssl_core.errors import ConfigError, ShapeError
from simssl_core.functional import gaussians
from simssl_core.models.text_encoder import TextDecoder, TextEncoder, caption_nats, fitted
from tests.objectives.retrieval import recall
from tests.objectives.small_worlds import SHAPE, WORDS, make_views, replay, small

F64 = torch.float64
BOTH = ("clip", "simvae_multimodal")


@pytest.mark.parametrize("prior", ["uniform", "gaussian"])
def test_multimodal_is_the_elbo_by_torch_distributions(prior):
    settings = {"prior": prior, "sigma2": 0.2, "gamma2": 1.3, "words": 7}
    objective, batch = small("simvae_multimodal", settings=settings).double(), make_views(2, dtype=F64)
    terms, parts = replay(objective, batch)
    mu, log_var, z = parts["mu"], parts["log_var"], parts["z"]
    image = (
        -dist.Bernoulli(logits=parts["decoded"], validate_args=False).log_prob(batch.images[0]).sum((1, 2, 3)).mean()
    )
    tokens = torch.cat([batch.tokens, torch.zeros(6, 2, dtype=torch.long)], dim=1)
    caption = -dist.Categorical(logits=parts["words"]).log_prob(tokens).sum(-1).mean()
    entropy = dist.Normal(mu, torch.exp(log_var / 2)).entropy().sum(dim=(0, 2)).mean()
    if prior == "gaussian":
        cov = 1.3 * torch.ones(2, 2, dtype=F64) + 0.2 * torch.eye(2, dtype=F64)
        joint = dist.MultivariateNormal(torch.zeros(2, dtype=F64), cov).log_prob(z.permute(1, 2, 0)).sum(-1).mean()
    else:
        joint = gaussians.shared_content(z, 0.2).mean()
    torch.testing.assert_close(terms.reconstruct, image + caption, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.loss, image + caption - entropy - joint, rtol=1e-10, atol=0)
    torch.testing.assert_close(terms.extras["caption"], caption, rtol=1e-10, atol=0)
    torch.testing.assert_close(parts["decoded"], objective.decoder(z[0]), rtol=1e-12, atol=0)
    torch.testing.assert_close(parts["words"], objective.text_decoder(z[1]), rtol=1e-12, atol=0)
    torch.testing.assert_close(mu[0], objective.encode(batch.images[0]), rtol=1e-12, atol=0)
    torch.testing.assert_close(mu[1], objective.text_posterior(batch.tokens)[0], rtol=1e-12, atol=0)


def test_similarity_is_the_density_of_a_shared_content():
    """log ∫∫ q(z¹) q(z²) N(z¹ − z²; 0, 2σ²), by numerical integration in one dimension."""
    one = (torch.tensor([[0.3]], dtype=F64), torch.tensor([[-1.0]], dtype=F64))
    two = (torch.tensor([[-0.5]], dtype=F64), torch.tensor([[0.2]], dtype=F64))
    grid = torch.linspace(-12, 12, 1201, dtype=F64)
    q = [dist.Normal(m[0, 0], torch.exp(v[0, 0] / 2)).log_prob(grid).exp() for m, v in (one, two)]
    near = dist.Normal(0, torch.tensor(0.8, dtype=F64).sqrt()).log_prob(grid[:, None] - grid[None]).exp()
    expected = (q[0][:, None] * q[1][None] * near).sum() * (grid[1] - grid[0]) ** 2
    torch.testing.assert_close(gaussians.log_together(one, two, 0.4)[0, 0], expected.log(), rtol=1e-8, atol=0)


def world(count: int = 48) -> Views:
    """Three kinds of pictures, one bright third each, and captions that name the kind."""
    torch.manual_seed(5)
    labels = torch.arange(count) % 3
    images = 0.1 * torch.rand(2, count, *SHAPE)
    for kind in range(3):
        images[:, labels == kind, :, 3 * kind : 3 * kind + 2] += 0.8
    tokens = torch.zeros(count, 4, dtype=torch.long)
    tokens[:, 0], tokens[:, 1] = 5, labels + 1
    return Views(images, {}, torch.arange(count) % 24, labels, tokens)


@pytest.mark.parametrize("name", BOTH)
def test_captions_classify_without_a_label(name):
    """A short training, then zero-shot: each class's caption, and both directions of retrieval between the classes."""
    objective, batch = small(name), world()
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
    for step in range(150):
        optimizer.zero_grad()
        objective(batch).loss.backward()
        optimizer.step()
        objective.after_step(step + 1, 150)
    objective.eval()
    captions = torch.tensor([[5, 1, 0], [5, 2, 0], [5, 3, 0]])
    similar = objective.similarity(batch.images[1], captions)
    assert (similar.argmax(-1) == batch.labels).float().mean() > 0.9
    scores = objective.similarity(batch.images[1][:3], captions)
    assert recall(scores) == 1 and recall(scores.T) == 1
    if name == "simvae_multimodal":
        imagined = objective.imagine(captions)
        assert imagined.shape == (3, *SHAPE)
        bright = torch.stack([imagined[:, :, 3 * k : 3 * k + 2].mean((1, 2, 3)) for k in range(3)], dim=1)
        assert torch.equal(bright.argmax(1), torch.arange(3)), "each caption's own third is the bright one"
        said = objective.decode_text(objective.encode(batch.images[1][:3]))
        assert torch.equal(said[:, :3], torch.tensor([[5, 1, 0], [5, 2, 0], [5, 3, 0]]))


@pytest.mark.parametrize("name", BOTH)
def test_data_without_captions_is_refused(name):
    with pytest.raises(ConfigError, match="captions and this data has none; use sprites"):
        small(name, vocabulary=())
    with pytest.raises(ShapeError, match="captions"):
        small(name)(replace(make_views(), tokens=None))


def test_padding_says_nothing():
    encoder = TextEncoder(len(WORDS), 3)
    tokens = torch.tensor([[1, 2, 3], [4, 5, 0]])
    torch.testing.assert_close(encoder(fitted(tokens, 9)), encoder(tokens))
    assert not torch.allclose(encoder(tokens.flip(1))[0], encoder(tokens)[0]), "the order of words does"
    assert encoder(torch.zeros(2, 4, dtype=torch.long)).isfinite().all()


def test_a_captions_chances_sum_to_one():
    """Over all captions of two places and three words, cut captions included."""
    decoder = TextDecoder(3, 2, length=2).double()
    logits = decoder(torch.randn(1, 2, dtype=F64))
    every = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    total = torch.exp(-caption_nats(every, logits.expand(9, 2, 3))).sum()
    torch.testing.assert_close(total, torch.ones((), dtype=F64))
    long = torch.tensor([[1, 2, 2]])
    torch.testing.assert_close(caption_nats(long, logits), caption_nats(long[:, :2], logits))
    short = caption_nats(torch.tensor([[1]]), logits)
    torch.testing.assert_close(short, caption_nats(torch.tensor([[1, 0]]), logits))


def test_recall_counts_ties_as_chance():
    assert recall(torch.eye(5)) == 1 and recall(1 - torch.eye(5)) == 0
    assert recall(torch.zeros(5, 5)) == 0 and recall(torch.zeros(5, 5), k=3) == 1
    assert recall(torch.tensor([[1.0, 2, 3], [1, 2, 3], [1, 2, 3]]), k=2) == pytest.approx(2 / 3)
