"""Views: what is shared stays, what is drawn is told, and a generator's state decides everything."""

import math
from dataclasses import replace

import pytest
import torch

from simssl_core.config import SPRITE_FACTORS, DataConfig, ViewConfig
from simssl_core.data import catalog, view_maker
from simssl_core.data.datasets.sprites import COLOURS, describe
from simssl_core.data.datasets.sprites.drawing import render
from simssl_core.data.types import Split

EVERYTHING = {
    "crop_min": 0.5,
    "hflip": 0.5,
    "vflip": 0.3,
    "rotation": 30,
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.4,
    "hue": 0.1,
    "greyscale": 0.2,
}
CROP = ("crop_x", "crop_y", "crop_size", "aspect")
NOTHING = {"crop_min": 1.0, "vflip": 0.0}


def photographs(dataset, channels: int = 3):
    """Random images of ``channels`` in the place of a data set's own."""
    images = torch.randint(
        0, 256, (50, channels, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    split = Split(images, torch.zeros(50, dtype=torch.long))
    values = {**vars(dataset), "shape": (channels, 16, 16), "train": split, "info": catalog.info("cifar10")}
    return catalog.Dataset(**values)


@pytest.mark.parametrize("shared", [("shape",), ("shape", "hue"), ("x", "y"), tuple(SPRITE_FACTORS[:-1])])
def test_sprite_views_keep_exactly_what_is_shared(sprites, generator, shared):
    views = view_maker.make_views(sprites, ViewConfig(shared=shared, count=3))
    index = torch.tensor([4, 0, 17, 5])
    made = views(sprites.train, index, generator)
    assert made.images.shape == (3, 4, 3, 32, 32)
    assert {f.name for f in views.factors} == set(made.factors) == set(SPRITE_FACTORS) - set(shared)
    own = {name: sprites.train.factors[name][index].repeat(3) for name in shared}
    again = render({**own, **{name: values.flatten() for name, values in made.factors.items()}})
    assert torch.equal(again, made.images.flatten(0, 1))
    for name, values in made.factors.items():
        assert not torch.equal(values[0], values[1]), f"{name} is not drawn again"
    assert torch.equal(made.labels, sprites.train.factors["shape"][index].long())
    assert torch.equal(made.index, index)


@pytest.mark.parametrize("kind", ["sprites", "photographs"])
def test_the_generators_state_decides_everything(sprites, kind):
    dataset = sprites if kind == "sprites" else photographs(sprites)
    views = view_maker.make_views(dataset, ViewConfig(**EVERYTHING, noise=0.1))
    index = torch.arange(8)
    torch.manual_seed(1)
    one = views(dataset.train, index, torch.Generator().manual_seed(9))
    torch.manual_seed(2)  # the global generator has no part in it
    same = views(dataset.train, index, torch.Generator().manual_seed(9))
    other = views(dataset.train, index, torch.Generator().manual_seed(10))
    assert torch.equal(one.images, same.images)
    assert all(torch.equal(one.factors[name], same.factors[name]) for name in one.factors)
    assert not torch.equal(one.images, other.images)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_count_overrides_the_configuration(sprites, generator, count):
    dataset = photographs(sprites)
    made = view_maker.make_views(dataset, ViewConfig(count=4))(dataset.train, torch.arange(6), generator, count)
    assert made.images.shape == (count, 6, 3, 16, 16) and made.count == count
    assert all(values.shape == (count, 6) for values in made.factors.values())


@pytest.mark.parametrize(
    ("settings", "channels", "names"),
    [
        (NOTHING, 3, ()),
        (dict(NOTHING, hflip=1.0), 3, ()),
        (dict(NOTHING, hflip=0.5), 1, ("hflip",)),
        (dict(NOTHING, saturation=0.5, hue=0.2, greyscale=0.5), 1, ()),
        ({"crop_min": 0.4, "vflip": 0}, 1, CROP),
        (EVERYTHING, 1, (*CROP, "hflip", "vflip", "rotation", "brightness", "contrast")),
        (dict(NOTHING, hue=0.2, greyscale=0.5, brightness=0.1), 3, ("brightness", "hue", "greyscale")),
    ],
)
def test_only_what_varies_is_a_factor(sprites, generator, settings, channels, names):
    dataset = photographs(sprites, channels)
    views = view_maker.make_views(dataset, ViewConfig(**settings))
    made = views(dataset.train, torch.arange(9), generator)
    assert tuple(f.name for f in views.factors) == names == tuple(made.factors)


def test_factors_stay_in_the_ranges_they_declare(sprites, generator):
    dataset = photographs(sprites)
    views = view_maker.make_views(dataset, ViewConfig(**EVERYTHING))
    made = views(dataset.train, torch.arange(50).repeat(20), generator)
    rounding = 1.5 / 16  # a window's sides are whole pixels
    for factor in views.factors:
        values = made.factors[factor.name]
        slack = rounding if factor.name in CROP else 1e-6
        assert factor.low - slack <= values.min() and values.max() <= factor.high + slack, factor.name
        assert values.std() > 0
        if factor.kind == "discrete":
            chance = EVERYTHING[factor.name]
            assert values.mean().item() == pytest.approx(chance, abs=5 * math.sqrt(chance * (1 - chance) / 2000))


def test_a_turn_goes_round_only_when_it_is_a_full_one():
    kinds = [view_maker.augmentation_factors(ViewConfig(**NOTHING, rotation=r), (1, 8, 8))[0].kind for r in (179, 180)]
    assert kinds == ["continuous", "circular"]


def test_nothing_configured_is_the_image_itself(sprites, generator):
    dataset = photographs(sprites)
    views = view_maker.make_views(dataset, ViewConfig(**NOTHING))
    index = torch.arange(50)
    made = views(dataset.train, index, generator)
    assert torch.equal(made.images[1], dataset.train.images.float() / 255)
    assert torch.equal(views.plain(dataset.train, index), made.images[0])


def test_blocks_change_nothing(sprites, monkeypatch):
    dataset = photographs(sprites)
    views = view_maker.make_views(dataset, ViewConfig(**EVERYTHING))
    whole = views(dataset.train, torch.arange(50), torch.Generator().manual_seed(3)).images
    monkeypatch.setattr(view_maker, "BLOCK_PIXELS", 7 * 256)
    parts = views(dataset.train, torch.arange(50), torch.Generator().manual_seed(3)).images
    assert torch.allclose(whole, parts, atol=1e-6)


@pytest.mark.parametrize(("place", "mirrored", "axis"), [("crop_x", "hflip", -1), ("crop_y", "vflip", -2)])
def test_the_factors_tell_what_the_view_shows(sprites, generator, place, mirrored, axis):
    """A ramp's own values say which window was cut out and whether it was mirrored; the place turns with the mirror."""
    dataset = photographs(sprites, 1)
    ramp = torch.linspace(0, 255, 16).round().to(torch.uint8).expand(50, 1, 16, 16).transpose(axis, -1)
    split = Split(ramp.contiguous(), dataset.train.labels)
    views = view_maker.make_views(dataset, ViewConfig(crop_min=0.3, **({"hflip": 0, "vflip": 0} | {mirrored: 0.5})))
    made = views(split, torch.arange(50), generator)
    mean = made.images.mean((2, 3, 4)) * 2 - 1  # of a ramp from -1 to 1: the window's centre
    turned = 1 - 2 * made.factors[mirrored]
    assert torch.allclose(mean * turned, made.factors[place] * 16 / 15, atol=0.02)
    line = made.images.select(axis, 0)[:, :, 0, 3], made.images.select(axis, -1)[:, :, 0, 3]
    assert torch.equal(line[0] > line[1], made.factors[mirrored] > 0) and 0.3 < made.factors[mirrored].mean() < 0.7


def test_noise_has_its_size_and_binarised_views_are_black_or_white(sprites, generator):
    dataset = photographs(sprites)
    grey = Split(torch.full((50, 3, 16, 16), 128, dtype=torch.uint8), dataset.train.labels)
    noisy = view_maker.make_views(dataset, ViewConfig(**NOTHING, noise=0.1))(grey, torch.arange(50), generator)
    assert noisy.images.std().item() == pytest.approx(0.1, rel=0.02)
    views = view_maker.make_views(dataset, ViewConfig(crop_min=0.4, binarise=True))
    made = views(dataset.train, torch.arange(50), generator)
    assert set(made.images.unique().tolist()) == {0.0, 1.0}
    assert set(views.plain(dataset.train, torch.arange(50)).unique().tolist()) == {0.0, 1.0}


def test_tokens_tell_only_what_the_views_share(sprites, generator):
    views = view_maker.make_views(sprites, ViewConfig(shared=("shape", "hue")))
    index = torch.tensor([3, 1])
    tokens = views(sprites.train, index, generator).tokens
    told = [" ".join(sprites.vocabulary[t] for t in row if t) for row in tokens.tolist()]
    expected = describe({n: v[index] for n, v in sprites.train.factors.items()}, ("shape", "hue"))
    assert tuple(told) == expected
    for text, label in zip(told, sprites.train.labels[index].tolist(), strict=True):
        assert text.split()[0] in COLOURS and text.split()[1:] == [sprites.classes[label]]


def test_labelled_data_are_captioned_by_their_classes(digits, generator):
    index = torch.tensor([5, 0, 9])
    tokens = view_maker.make_views(digits, ViewConfig())(digits.train, index, generator).tokens
    names = [digits.classes[label] for label in digits.train.labels[index].tolist()]
    assert [digits.vocabulary[token] for token in tokens[:, 0].tolist()] == names


def test_no_captions_no_tokens(digits, generator):
    silent = replace(digits.train, captions=())
    assert view_maker.make_views(digits, ViewConfig())(silent, torch.arange(4), generator).tokens is None


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_published_settings_make_views(name, generator, request):
    if name == "mnist":
        request.getfixturevalue("real_data")
    dataset = catalog.load(DataConfig(name=name, train=100, test=64))
    views = view_maker.make_views(dataset, ViewConfig(**dataset.info.views))
    made = views(dataset.train, torch.arange(16), generator)
    assert made.images.shape == (2, 16, *dataset.shape)
    assert made.images.min() >= 0 and made.images.max() <= 1
    assert made.images.float().std() > 0.1
