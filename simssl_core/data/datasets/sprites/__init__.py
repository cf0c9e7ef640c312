"""Sprites: procedural images with known factors, drawn in batches on the device (:mod:`.drawing`).

Factors (float32 tensors, one value per image):

============  ==========  =======================================================================
shape         discrete    0..9, the content label
x, y          continuous  centre; -1 and 1 are the image's edges, y points down; the sprite stays inside
scale         continuous  size; 1 is a radius of 9.6 pixels
rotation      continuous  radians, counter-clockwise, up to 26 degrees to either side
hue           circular    radians round the colour circle; 0 is red; colours are fully saturated
background    continuous  grey level; 0 is black
line          continuous  0 is a thin outline, 1 is filled
============  ==========  =======================================================================

The rotation does not cover the full circle, for two reasons. A small ConvNet learns the ten shapes within a minute of
CPU time if they only lean (SimCLR's linear probe after 45 s on one busy core: .76 with 30 degrees) but not if they turn
further (.47 with 45 degrees, .25 with 180). And an angle that never wraps is one number: probed as (sin, cos), the
nearly constant cosine would halve the mean R² although the representation is not at fault.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core.config import SPRITE_FACTORS, DataConfig
from simssl_core.data.captions import words
from simssl_core.data.datasets.base import LoadedData
from simssl_core.data.datasets.info import DatasetInfo, Drawing, register
from simssl_core.data.datasets.sprites import shapes
from simssl_core.data.types import Factor, Split

if TYPE_CHECKING:
    import torch

SIZE = 32
RANGES = {
    "shape": ("discrete", 0, len(shapes.NAMES) - 1, shapes.NAMES),
    "x": ("continuous", -0.38, 0.38),
    "y": ("continuous", -0.38, 0.38),
    "scale": ("continuous", 0.6, 1.0),
    "rotation": ("continuous", -0.45, 0.45),
    "hue": ("circular", 0.0, 2 * math.pi),
    "background": ("continuous", 0.0, 0.5),
    "line": ("continuous", 0.0, 1.0),
}
FACTORS: tuple[Factor, ...] = tuple(Factor(name, *RANGES[name]) for name in SPRITE_FACTORS)


def load(config: DataConfig, device: str) -> LoadedData:
    """Draw the train and test images. Factors come from a CPU generator, so the data are the same on every device."""
    return LoadedData(
        train=_split(config.train, 2 * config.seed, device),
        test=_split(config.test, 2 * config.seed + 1, device),
        classes=shapes.NAMES,
        factors=FACTORS,
        vocabulary=VOCABULARY,
    )


def _split(count: int, seed: int, device: str) -> Split:
    import torch

    from simssl_core.data.datasets.sprites.drawing import draw, render

    drawn = draw(count, torch.Generator().manual_seed(seed), FACTORS)
    captions = describe(drawn)
    drawn = {name: values.to(device) for name, values in drawn.items()}
    images = torch.empty(count, 3, SIZE, SIZE, dtype=torch.uint8, device=device)
    for start in range(0, count, 1024):
        batch = {name: values[start : start + 1024] for name, values in drawn.items()}
        images[start : start + 1024] = render(batch).mul_(255).round_().to(torch.uint8)
    return Split(images=images, labels=drawn["shape"].long(), factors=drawn, captions=captions)


COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")

# The phrases of a caption in their order; each factor's phrases go from its lowest to its highest values.
PHRASES: dict[str, tuple[str, ...]] = {
    "scale": ("small", "large"),
    "line": ("thin", "thick", "filled"),
    "hue": COLOURS,
    "shape": shapes.NAMES,
    "rotation": ("leaning right", "upright", "leaning left"),
    "y": ("at the top", "at the middle", "at the bottom"),
    "x": ("on the left", "on the centre", "on the right"),
    "background": ("with dark background", "with grey background", "with light background"),
}


def caption_words(names: Sequence[str]) -> tuple[str, ...]:
    """The words, each once, of captions that describe the factors in ``names``."""
    phrases = [phrase for name in PHRASES if name in names for phrase in PHRASES[name]]
    return tuple(dict.fromkeys(word for phrase in phrases for word in words(phrase)))


VOCABULARY: tuple[str, ...] = ("", *caption_words(tuple(PHRASES)))


def _bins(name: str, values: torch.Tensor) -> torch.Tensor:
    """The index of the phrase that describes each value of the factor ``name``: int64 (N,)."""
    factor = next(factor for factor in FACTORS if factor.name == name)
    count = len(PHRASES[name])
    if factor.kind == "discrete":
        return values.long()
    if factor.kind == "circular":  # the phrases are evenly spaced; each covers half a step to either side
        return (values * (count / (2 * math.pi))).round().long() % count
    share = (values - factor.low) / (factor.high - factor.low)
    return (share * count).long().clamp(0, count - 1)


def describe(factors: dict[str, torch.Tensor], names: Sequence[str] = tuple(PHRASES)) -> tuple[str, ...]:
    """A caption for each of N sprites that describes the factors in ``names`` (by default all)."""
    described = [name for name in PHRASES if name in names]
    columns = [[PHRASES[name][k] for k in _bins(name, factors[name].cpu()).tolist()] for name in described]
    return tuple(" ".join(phrases) for phrases in zip(*columns, strict=True))


def _drawing() -> Drawing:
    """The functions that draw views of sprites. Imports torch."""
    from simssl_core.data.datasets.sprites.drawing import draw, render

    return Drawing(FACTORS, draw, render, describe)


register(
    DatasetInfo(
        "sprites",
        "Sprites",
        "Ten shapes drawn on the fly. Position, size, rotation, hue, background and line width are known exactly, "
        "and you choose which of them two views share.",
        (3, SIZE, SIZE),
        load,
        class_names=shapes.NAMES,
        source="made here",
        order=0,
        views={"shared": ("shape",)},
        model={"encoder": "convnet", "width": 16, "channels": 16},
        train={"batch": 64, "learning_rate": 2e-3},
        drawing=_drawing,
        factors=SPRITE_FACTORS,
        content="shape",
        caption_words=caption_words,
    )
)
