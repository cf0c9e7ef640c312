"""Colour changes against torchvision.transforms.functional with the same amounts."""

import pytest
import torch

from simssl_core.data import colour, torchvision_safe

AMOUNTS = {
    "brightness": (0.0, 0.4, 1.0, 1.7),
    "contrast": (0.0, 0.4, 1.0, 1.7),
    "saturation": (0.0, 0.4, 1.0, 1.7),
    "hue": (-0.5, -0.13, 0.0, 0.31),
}


@pytest.fixture(scope="module")
def functional():
    return torchvision_safe.load().transforms.functional


@pytest.fixture
def images():
    images = torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    images[:, :, :4] = images[:, :1, :4]  # greys
    images[:, :, 4:8] = (images[:, :, 4:8] * 2).round() / 2  # ties between channels
    images[:, 1:, 8:10] = 0  # pure colours
    return images


@pytest.mark.parametrize("name", AMOUNTS)
def test_colour_is_torchvisions(name, images, functional):
    theirs = [getattr(functional, f"adjust_{name}")(x, a) for x, a in zip(images, AMOUNTS[name], strict=True)]
    ours = getattr(colour, name)(images.clone(), torch.tensor(AMOUNTS[name]))
    assert torch.allclose(ours, torch.stack(theirs), atol=2e-5)


@pytest.mark.parametrize("name", ["brightness", "contrast"])
def test_grey_images_too(name, images, functional):
    grey = images[:, :1].contiguous()
    theirs = [getattr(functional, f"adjust_{name}")(x, a) for x, a in zip(grey, AMOUNTS[name], strict=True)]
    ours = getattr(colour, name)(grey.clone(), torch.tensor(AMOUNTS[name]))
    assert torch.allclose(ours, torch.stack(theirs), atol=1e-6)


def test_dropped_colour_is_torchvisions_greyscale(images, functional):
    ours = colour.drop_colour(images, torch.tensor([1.0, 0.0, 1.0, 0.0]))
    theirs = functional.rgb_to_grayscale(images, 3)
    assert torch.allclose(ours[::2], theirs[::2], atol=1e-6)
    assert torch.equal(ours[1::2], images[1::2])
