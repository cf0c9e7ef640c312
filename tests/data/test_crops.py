"""Crops, flips and turns, against torchvision."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from simssl_core.data import crops, torchvision_safe


@pytest.fixture(scope="module")
def tv():
    return torchvision_safe.load()


@pytest.fixture
def images():
    return torch.rand(6, 3, 20, 28, generator=torch.Generator().manual_seed(0))


def boxes(*rows):
    top, left, height, width = torch.tensor(rows, dtype=torch.float32).T
    return crops.Box(top, left, height, width)


# The third can hardly ever be met: the centred fallback is what is compared there.
CASES = [
    ((28, 28), (0.4, 1.0), (3 / 4, 1.3)),
    ((32, 32), (0.08, 0.5), (3 / 4, 4 / 3)),
    ((20, 60), (0.9, 1.0), (3 / 4, 1.3)),
    ((60, 20), (0.6, 1.0), (3 / 4, 1.3)),
]


@pytest.mark.parametrize(("size", "area", "ratio"), CASES)
def test_windows_are_distributed_as_torchvisions(tv, size, area, ratio, generator):
    count = 4_000
    blank = torch.empty(1, *size)
    torch.manual_seed(11)
    get = tv.transforms.RandomResizedCrop.get_params
    theirs = np.array([get(blank, area, ratio) for _ in range(count)])
    box = crops.draw_boxes(count, *size, area, ratio, generator)
    ours = torch.stack([box.top, box.left, box.height, box.width], 1).double().numpy()
    for k, name in enumerate(("top", "left", "height", "width")):
        assert stats.ks_2samp(ours[:, k], theirs[:, k]).pvalue > 1e-3, name
    for name, of in (("area", lambda b: b[:, 2] * b[:, 3]), ("aspect", lambda b: b[:, 3] / b[:, 2])):
        assert stats.ks_2samp(of(ours), of(theirs)).pvalue > 1e-3, name


def test_windows_stay_inside(generator):
    box = crops.draw_boxes(20_000, 8, 8, (0.05, 1.0), (0.5, 2.0), generator)
    assert (box.top >= 0).all() and (box.left >= 0).all()
    assert (box.top + box.height <= 8).all() and (box.left + box.width <= 8).all()
    assert (box.height >= 1).all() and (box.width >= 1).all()


def test_a_crop_is_torchvisions_resized_crop(tv, images):
    box = boxes((0, 0, 20, 28), (3, 5, 9, 14), (0, 27, 20, 1), (19, 0, 1, 28), (2, 2, 17, 25), (7, 1, 12, 13))
    ours = crops.crop(images, box)
    for k in range(6):
        window = [int(v[k]) for v in (box.top, box.left, box.height, box.width)]
        theirs = tv.transforms.functional.resized_crop(images[k], *window, [20, 28], antialias=False)
        assert torch.allclose(ours[k], theirs, atol=1e-5), window


def test_flips_mirror_the_crop(images):
    box = boxes(*[(3, 5, 9, 14)] * 6)
    hflip, vflip = torch.tensor([0, 1, 0, 1, 1, 0.0]), torch.tensor([0, 0, 1, 1, 0, 1.0])
    plain, flipped = crops.crop(images, box), crops.crop(images, box, hflip, vflip)
    for k in range(6):
        axes = [axis for axis, flip in ((2, hflip), (1, vflip)) if flip[k]]
        assert torch.allclose(flipped[k], plain[k].flip(axes), atol=1e-6)


def test_greyscale_takes_the_same_path(images):
    box = boxes(*[(3, 5, 9, 14)] * 6)
    assert torch.allclose(crops.crop(images[:, :1], box), crops.crop(images, box)[:, :1], atol=1e-6)


def test_a_turn_is_torchvisions(tv, images):
    angle = torch.tensor([-math.pi, -1.0, -0.2, 0.0, 0.7, 2.5])
    box = crops.whole(6, 20, 28, images.device)
    ours = crops.crop_and_rotate(images, box, angle)
    bilinear = tv.transforms.InterpolationMode.BILINEAR
    for k in range(6):
        theirs = tv.transforms.functional.rotate(images[k], math.degrees(angle[k]), bilinear)
        # torchvision also blends the mask at the outer edge; inside the two agree
        assert (ours[k] - theirs).abs().median() < 1e-4
        assert (ours[k] - theirs)[:, 5:-5, 9:-9].abs().max() < 1e-3


def test_no_turn_is_the_crop_away_from_the_windows_edge(images):
    box = boxes(*[(3, 5, 9, 14)] * 6)
    hflip, vflip = torch.tensor([0, 1, 0, 1, 1, 0.0]), torch.tensor([0, 0, 1, 1, 0, 1.0])
    still = crops.crop_and_rotate(images, box, torch.zeros(6), hflip, vflip)
    inner = (slice(None), slice(None), slice(2, -2), slice(2, -2))  # a crop is clamped to its window, a turn is not
    assert torch.allclose(still[inner], crops.crop(images, box, hflip, vflip)[inner], atol=1e-4)


def test_centres():
    x, y = crops.centre(boxes((0, 0, 10, 10), (10, 14, 10, 14)), 20, 28)
    assert x.tolist() == pytest.approx([10 / 28 - 1, 0.5])
    assert y.tolist() == pytest.approx([-0.5, 0.5])
