"""Encoders and their mirrors: shapes of every kind of image, widths, speed, and a clear refusal of foreign images."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from simssl_core.config import ModelConfig
from simssl_core.errors import ShapeError
from simssl_core.models import decoders, encoders, heads
from simssl_core.models.layers import conv_sizes

SHAPES = [(3, 32, 32), (1, 28, 28), (1, 8, 8), (3, 64, 64), (3, 33, 47), (1, 5, 5)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("encoder", ["mlp", "convnet", "resnet18"])
def test_encoder_and_mirror_fit_each_other(encoder, shape):
    config = ModelConfig(encoder=encoder, channels=8, hidden=(32, 16))
    there, back = encoders.build(config, shape, 6), decoders.build(config, shape, 6)
    images = torch.rand(3, *shape)
    z = there(images)
    assert z.shape == (3, 6) and z.dtype == torch.float32
    assert torch.equal(there.eval().last(there.features(images)), there(images))
    assert back(z).shape == images.shape
    assert all(p.is_contiguous() for p in [*there.parameters(), *back.parameters()]), "safetensors needs it"


def test_sizes_go_down_to_about_four_and_never_below():
    assert conv_sizes((1, 28, 28)) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert conv_sizes((1, 8, 8)) == [(8, 8), (8, 8), (8, 8), (4, 4)]
    assert conv_sizes((3, 64, 64)) == [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]


@pytest.mark.parametrize("encoder", ["mlp", "convnet", "resnet18"])
def test_every_weight_takes_part(encoder):
    config = ModelConfig(encoder=encoder, channels=8, hidden=(32, 16))
    there, back = encoders.build(config, (3, 16, 16), 4), decoders.build(config, (3, 16, 16), 4)
    back(there(torch.rand(8, 3, 16, 16))).square().mean().backward()
    still = [n for net in (there, back) for n, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_the_decoder_can_tell_places_apart():
    """Every pixel answers to z by itself: a mirror that only repeated one value could not draw a position."""
    for encoder in ("mlp", "convnet", "resnet18"):
        back = decoders.build(ModelConfig(encoder=encoder, channels=8, hidden=(16,)), (1, 16, 16), 4)
        z = torch.randn(32, 4)
        images = back(z).flatten(1)
        assert torch.linalg.matrix_rank(images - images.mean(1, keepdim=True), rtol=1e-3) >= 4


def test_the_wrong_images_are_refused_in_plain_words():
    there = encoders.build(ModelConfig(), (3, 32, 32), 4)
    with pytest.raises(ShapeError, match=r"reads images \(B, 3 × 32 × 32\), not \(2, 1, 28, 28\)"):
        there(torch.rand(2, 1, 28, 28))
    with pytest.raises(ShapeError, match="not"):
        there(torch.rand(3, 32, 32))


def test_resnet18_has_the_parameters_of_the_published_one():
    """With a 3×3 stem and ten classes it has 11,173,962 weights (kuangliu's CIFAR-10 models)."""
    there = encoders.build(ModelConfig(encoder="resnet18", channels=64), (3, 32, 32), 10)
    assert sum(p.numel() for p in there.parameters()) == 11_173_962


def test_heads_have_the_layers_asked_for():
    head = heads.projector(6, 12, 5, layers=3)
    h = torch.randn(4, 6)
    shown = dict(heads.hidden_layers(head.eval(), h))
    assert {name: layer.shape[1] for name, layer in shown.items()} == {"head 1": 12, "head 2": 12, "projection": 5}
    assert torch.equal(shown["projection"], head(h)) and (shown["head 1"] >= 0).all()
    assert [type(m).__name__ for m in heads.projector(6, 12, 5, layers=1)] == ["Linear"]
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in heads.projector(6, 12, 5, norm=False))
    assert heads.predictor(5, 8)(torch.randn(4, 5)).shape == (4, 5)


def test_the_convnet_is_small_enough_for_a_live_run():
    """At 3.2 M multiplications an image one CPU core learns from 2,500 images/s and more; a clock would tell less."""
    there = encoders.build(ModelConfig(), (3, 32, 32), 16)
    with FlopCounterMode(display=False) as counter:
        there(torch.rand(4, 3, 32, 32))
    assert counter.get_total_flops() / 2 / 4 < 3.3e6
