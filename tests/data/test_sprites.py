"""Sprites: what is drawn is what the factors say."""

import math

import numpy as np
import pytest
import torch

from simssl_core.config import SPRITE_FACTORS, DataConfig
from simssl_core.data import catalog
from simssl_core.data.datasets import sprites
from simssl_core.data.datasets.sprites import drawing, shapes


def factors(count: int = 1, **values) -> dict[str, torch.Tensor]:
    """A filled red heart in the middle on black, except for ``values``."""
    plain = {"shape": 0, "x": 0, "y": 0, "scale": 1, "rotation": 0, "hue": 0, "background": 0, "line": 1} | values
    return {name: torch.as_tensor(v, dtype=torch.float32).expand(count).clone() for name, v in plain.items()}


def coverage(image: torch.Tensor) -> np.ndarray:
    """How much of each pixel a red sprite on black covers: (H, W) in [0, 1]."""
    return image[0].double().numpy()


def centre_of_mass(weight: np.ndarray) -> tuple[float, float]:
    line = (np.arange(len(weight)) + 0.5) * 2 / len(weight) - 1
    return (weight.sum(0) * line).sum() / weight.sum(), (weight.sum(1) * line).sum() / weight.sum()


@pytest.mark.parametrize("shape", range(10))
def test_the_centre_of_mass_follows_x_and_y(shape):
    for x, y in ((0.0, 0.0), (0.38, -0.38), (-0.2, 0.31)):
        image = drawing.render(factors(shape=shape, x=x, y=y, rotation=0.4))[0]
        assert centre_of_mass(coverage(image)) == pytest.approx((x, y), abs=0.015)


@pytest.mark.parametrize("shape", range(10))
def test_the_area_is_the_outlines_area_times_the_square_of_the_scale(shape):
    outline = shapes.outline(shapes.NAMES[shape])
    following = np.roll(outline, -1, 0)
    area = abs((outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]).sum()) / 2
    for scale in (0.6, 1.0):
        covered = coverage(drawing.render(factors(shape=shape, scale=scale))[0]).sum()
        assert covered == pytest.approx(area * (scale * 0.6 * 16) ** 2, rel=0.03)


def test_coverage_is_that_of_a_finely_sampled_polygon():
    values = factors(shape=shapes.NAMES.index("arrow"), x=0.2, y=-0.1, scale=0.8, rotation=0.3)
    fine = (np.arange(32 * 16) + 0.5) / (16 * 16) - 1
    x, y = np.meshgrid(fine, fine)
    across, up = (x - 0.2) / (0.8 * 0.6), -(y + 0.1) / (0.8 * 0.6)
    turned = np.stack([across * np.cos(0.3) + up * np.sin(0.3), up * np.cos(0.3) - across * np.sin(0.3)], -1)
    inside = shapes.signed_distance(turned.reshape(-1, 2), shapes.outline("arrow")).reshape(512, 512) < 0
    expected = inside.reshape(32, 16, 32, 16).mean((1, 3))
    difference = np.abs(coverage(drawing.render(values)[0]) - expected)
    assert difference.mean() < 0.004
    assert difference.max() < 0.35, "a corner is rounded by the distance, but by less than a third of a pixel"


def test_rotation_is_counter_clockwise():
    arrow = shapes.NAMES.index("arrow")  # its head, the heavier end, points up
    upright = drawing.render(factors(shape=arrow))[0]
    left = drawing.render(factors(shape=arrow, rotation=math.pi / 2))[0]
    assert torch.allclose(torch.rot90(upright, 1, (1, 2)), left, atol=0.02)


def test_hue_goes_round_the_colour_circle():
    thirds = torch.tensor([0, 1, 2, 3]) * (2 * math.pi / 3)
    assert torch.allclose(drawing.saturated(thirds), torch.eye(3)[[0, 1, 2, 0]], atol=1e-6)
    assert torch.allclose(drawing.saturated(torch.tensor([math.pi / 3])), torch.tensor([[1.0, 1.0, 0.0]]), atol=1e-6)


def test_line_goes_from_an_outline_to_filled():
    thin, thick, filled = (coverage(drawing.render(factors(line=line))[0]) for line in (0.0, 0.4, 1.0))
    assert thin.sum() < thick.sum() < filled.sum()
    assert thin[16, 16] == 0, "the middle of an outline is empty"
    assert filled[16, 16] == 1


def test_background_is_grey_and_the_sprite_stays_inside():
    generator = torch.Generator().manual_seed(1)
    drawn = drawing.draw(500, generator, sprites.FACTORS)
    images = drawing.render(drawn)
    border = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], 2)
    assert torch.allclose(border, drawn["background"][:, None, None].expand_as(border), atol=1e-6)


def test_factors_are_declared_drawn_in_range_and_known_to_the_configuration():
    assert tuple(f.name for f in sprites.FACTORS) == SPRITE_FACTORS
    drawn = drawing.draw(4_000, torch.Generator().manual_seed(2), sprites.FACTORS)
    for factor in sprites.FACTORS:
        values = drawn[factor.name]
        assert values.dtype == torch.float32
        assert factor.low <= values.min() and values.max() <= factor.high
        assert values.max() - values.min() > 0.95 * (factor.high - factor.low)
    assert set(drawn["shape"].int().tolist()) == set(range(10))


def test_the_data_set_is_the_same_for_a_seed_and_another_for_another():
    one, same, other = (catalog.load(DataConfig(train=70, test=70, seed=seed)) for seed in (3, 3, 4))
    assert torch.equal(one.train.images, same.train.images) and one.train.captions == same.train.captions
    assert not torch.equal(one.train.images, other.train.images)
    assert not torch.equal(one.train.images, one.test.images)


def test_the_images_are_those_of_their_factors(sprites):
    from simssl_core.data.datasets.sprites.drawing import render

    again = (render(sprites.test.factors) * 255).round().to(torch.uint8)
    assert torch.equal(again, sprites.test.images)
    assert torch.equal(sprites.test.labels, sprites.test.factors["shape"].long())
    assert sprites.shape == (3, 32, 32) and sprites.classes == shapes.NAMES
