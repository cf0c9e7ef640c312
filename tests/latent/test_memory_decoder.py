"""The memory decoder draws what features hold, and cannot draw what they do not."""

import math

import pytest
import torch

from simssl_core.config import ModelConfig
from simssl_core.errors import CheckpointError, DataError, ShapeError
from simssl_core.latent.memory_decoder import MemoryDecoder, learn
from tests.latent.toy_world import Squares, brightness_of, place_of

MODEL = ModelConfig(encoder="mlp", hidden=(128,))
SHAPE = (1, 8, 8)


@pytest.fixture(scope="module")
def world():
    return Squares.made()


def everything(images):
    return images.flatten(1)


def taught(encode, width, world, steps=400, likelihood="gaussian", seed=0):
    memory = MemoryDecoder(MODEL, SHAPE, width, likelihood, seed)
    moments = list(learn(memory, encode, world, world, seconds=60, steps=steps, seed=seed))
    return memory, moments


def error(memory, encode, world) -> float:
    """Mean squared error on held-out images."""
    images = world.test.images.float() / 255
    return (memory.pictures(encode(images)) - images).square().mean().item()


@pytest.fixture(scope="module")
def variance(world):
    images = world.test.images.float() / 255
    return (images - images.mean(0)).square().mean().item()


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_features_that_hold_the_image_give_it_back(world, variance, likelihood):
    memory, _ = taught(everything, 64, world, likelihood=likelihood)
    assert error(memory, everything, world) < 0.05 * variance


def test_what_the_features_lost_cannot_be_drawn(world, variance):
    memory, _ = taught(brightness_of, 1, world)
    images = world.test.images.float() / 255
    drawn = memory.pictures(brightness_of(images))
    assert (drawn - images).square().mean().item() > 0.7 * variance, "where the square is, is gone"
    middle = place_of(drawn)
    assert middle.std(0).max() < 0.3, "so every picture is drawn in the same place"
    total, known = drawn.sum((1, 2, 3)), images.sum((1, 2, 3))
    assert torch.corrcoef(torch.stack([total, known]))[0, 1] > 0.95, "and brightness is still there"


def test_progress_runs_from_nothing_to_one_and_the_loss_falls(world):
    _, moments = taught(everything, 64, world, steps=100)
    shares = [moment.share for moment in moments]
    assert shares[0] < 0.2 and shares[-1] == 1.0 and shares == sorted(shares)
    assert moments[-1].step == 100 and moments[-1].loss < moments[1].loss


def test_it_stops_when_its_seconds_are_over(world):
    memory = MemoryDecoder(MODEL, SHAPE, 64, "gaussian")
    import time

    started = time.perf_counter()
    moments = list(learn(memory, everything, world, world, seconds=0.5))
    assert moments[-1].share == 1.0 and time.perf_counter() - started < 1.5
    assert not memory.training, "ready to draw"


def test_the_outcome_depends_on_the_seed_alone_and_touches_no_other_random_numbers(world):
    torch.manual_seed(1)
    first = taught(everything, 64, world, steps=15)[0].state_dict()
    following = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(following, torch.rand(1))
    again, other = (taught(everything, 64, world, steps=15, seed=s)[0].state_dict() for s in (0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["decoder.0.weight"], other["decoder.0.weight"])


def test_a_dimension_that_never_varies_does_no_harm(world, variance):
    def encode(images):
        return torch.cat([images.flatten(1), torch.full((len(images), 1), 1e6)], 1)

    memory, _ = taught(encode, 65, world, steps=300)
    assert error(memory, encode, world) < 0.1 * variance


def test_features_that_are_not_finite_are_refused(world):
    with pytest.raises(DataError, match="not finite"):
        taught(lambda images: images.flatten(1) * math.nan, 64, world, steps=5)


def test_features_of_another_width_are_refused():
    memory = MemoryDecoder(MODEL, SHAPE, 6, "gaussian")
    with pytest.raises(ShapeError, match=r"\(B, 6\)"):
        memory(torch.zeros(2, 5))


def test_stored_weights_are_taken_over_only_if_they_fit():
    first, second = (MemoryDecoder(MODEL, SHAPE, 6, "gaussian", seed) for seed in (0, 1))
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(first(z), second(z))
    assert torch.equal(second.restore(first.state_dict())(z), first(z))
    with pytest.raises(CheckpointError, match="does not fit"):
        MemoryDecoder(MODEL, SHAPE, 7, "gaussian").restore(first.state_dict())
    with pytest.raises(CheckpointError, match="does not fit"):
        first.restore({name: value for name, value in second.state_dict().items() if name != "mean"})
