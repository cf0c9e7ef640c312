"""Sprites: procedural images whose every cause is known, drawn in batches on the device from signed distances.

Factors (float32 tensors, one value per image):

============  ==========  =======================================================================
shape         discrete    0..9, the content label
x, y          continuous  centre; -1 and 1 are the image's edges, y downwards; the sprite stays inside
scale         continuous  size, 1 = a radius of 9.6 pixels
rotation      continuous  radians, counter-clockwise: a lean of up to 26 degrees either way
hue           circular    radians round the colour circle, 0 = red; colours are fully saturated
background    continuous  grey level, 0 = black
line          continuous  0 = thin outline, 1 = filled
============  ==========  =======================================================================

The rotation does not go all round, for two reasons. A small ConvNet learns the ten shapes within a minute of CPU time
when they lean (SimCLR's linear probe after 45 s on one busy core: .76 with 30 degrees) but not when they turn (.47 with
45 degrees, .25 with 180). And an angle that never wraps is one number: as (sin, cos), the nearly constant cosine would
halve the mean R² for no fault of the representation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F

from simssl_core.config import DataConfig
from simssl_core.data.captions import words
from simssl_core.data.datasets import sprite_shapes
from simssl_core.data.datasets.base import Loaded
from simssl_core.data.types import Factor, Split

SIZE = 32
RADIUS = 0.6  # of a sprite of scale 1, in units of half the image
TILE, EXTENT = 128, 1.3  # the distance tables: points a side, and the half-width they cover in sprite radii
THIN, THICK = 0.15, 0.70  # line width in sprite radii at line = 0 and line = 1 (thicker than any shape's inside)

FACTORS: tuple[Factor, ...] = (
    Factor("shape", "discrete", 0, len(sprite_shapes.NAMES) - 1, sprite_shapes.NAMES),
    Factor("x", "continuous", -0.38, 0.38),
    Factor("y", "continuous", -0.38, 0.38),
    Factor("scale", "continuous", 0.6, 1.0),
    Factor("rotation", "continuous", -0.45, 0.45),
    Factor("hue", "circular", 0.0, 2 * math.pi),
    Factor("background", "continuous", 0.0, 0.5),
    Factor("line", "continuous", 0.0, 1.0),
)


def draw(count: int, generator: torch.Generator, factors: Iterable[Factor] = FACTORS) -> dict[str, torch.Tensor]:
    """Draw each factor uniformly from its range: float32 (count,) by name, on the generator's device."""
    drawn = {}
    for factor in factors:
        u = torch.rand(count, generator=generator, device=generator.device)
        if factor.kind == "discrete":
            drawn[factor.name] = (u * len(factor.classes)).floor_().clamp_(max=len(factor.classes) - 1)
        else:
            drawn[factor.name] = factor.low + (factor.high - factor.low) * u
    return drawn


def render(factors: dict[str, torch.Tensor], size: int = SIZE) -> torch.Tensor:
    """Draw N sprites: float32 (N, 3, size, size) in [0, 1], on the factors' device.

    The distance to the outline is read from a table (one bilinear ``grid_sample`` for the whole batch), turned into
    pixels, and its last pixel into coverage: edges are smooth at every size and angle.
    """
    radius = factors["scale"] * RADIUS  # (N,), half-images
    pixels = (radius * (size / 2))[:, None, None]
    distance = _distance(factors, radius, size) * pixels  # (N, size, size), pixels
    line = ((THIN + (THICK - THIN) * factors["line"]) * radius * (size / 2)).clamp(min=1.0)[:, None, None]
    hole = (distance + (line - 0.5)).neg_().clamp_(0, 1)
    coverage = distance.neg_().add_(0.5).clamp_(0, 1).sub_(hole)[:, None]
    colour = saturated(factors["hue"])[:, :, None, None]  # (N, 3, 1, 1)
    background = factors["background"][:, None, None, None]
    return torch.addcmul(background, coverage, colour - background)


def _distance(factors: dict[str, torch.Tensor], radius: torch.Tensor, size: int) -> torch.Tensor:
    """Signed distance of each pixel to its sprite's outline, in sprite radii: (N, size, size)."""
    device = radius.device
    table = _table(str(device))
    # Pixel -> the sprite's own frame: q = R(rotation) (p - centre) / (radius EXTENT), y downwards.
    cos, sin = torch.cos(factors["rotation"]), torch.sin(factors["rotation"])
    unit = 1 / (radius * EXTENT)
    line = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) * (2 / size) - 1
    right = (line - factors["x"][:, None])[:, None, :]  # (N, 1, size)
    down = (line - factors["y"][:, None])[:, :, None]  # (N, size, 1)
    cos, sin = (cos * unit)[:, None, None], (sin * unit)[:, None, None]
    grid = torch.empty(len(radius), size, size, 2, device=device)
    torch.sub(right * cos, down * sin, out=grid[..., 0])
    torch.add(right * sin, down * cos, out=grid[..., 1])
    grid.clamp_(-1, 1)
    # Shape k's tile is rows k TILE .. (k + 1) TILE - 1 of the table; with align_corners, -1 and 1 are the outer points.
    rows = len(sprite_shapes.NAMES) * TILE - 1
    offset = (factors["shape"] * TILE + (TILE - 1) / 2) * (2 / rows) - 1
    grid[..., 1].mul_((TILE - 1) / rows).add_(offset[:, None, None])
    found = F.grid_sample(table, grid.view(1, -1, size, 2), padding_mode="border", align_corners=True)
    return found.view(-1, size, size)


@lru_cache(maxsize=8)
def _table(device: str) -> torch.Tensor:
    return torch.from_numpy(sprite_shapes.atlas(TILE, EXTENT)).to(device)[None, None]


def saturated(hue: torch.Tensor) -> torch.Tensor:
    """Hue in radians (N,) -> fully saturated RGB (N, 3) in [0, 1]."""
    shift = torch.tensor([0.0, 4.0, 2.0], device=hue.device)
    sixth = (hue[:, None] * (3 / math.pi) + shift) % 6
    return ((sixth - 3).abs() - 1).clamp(0, 1)


def load(config: DataConfig, device: str) -> Loaded:
    """Draw the train and the test images. Factors come from the CPU's generator: every device sees the same data."""
    return Loaded(
        train=_split(config.train, 2 * config.seed, device),
        test=_split(config.test, 2 * config.seed + 1, device),
        classes=sprite_shapes.NAMES,
        factors=FACTORS,
        vocabulary=VOCABULARY,
    )


def _split(count: int, seed: int, device: str) -> Split:
    drawn = draw(count, torch.Generator().manual_seed(seed))
    written = describe(drawn)
    drawn = {name: values.to(device) for name, values in drawn.items()}
    images = torch.empty(count, 3, SIZE, SIZE, dtype=torch.uint8, device=device)
    for start in range(0, count, 1024):
        part = {name: values[start : start + 1024] for name, values in drawn.items()}
        images[start : start + 1024] = render(part).mul_(255).round_().to(torch.uint8)
    return Split(images=images, labels=drawn["shape"].long(), factors=drawn, captions=written)


COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")


# The order of the phrases in a caption, and what each says of the lowest to the highest values.
PHRASES: dict[str, tuple[str, ...]] = {
    "scale": ("small", "large"),
    "line": ("thin", "thick", "filled"),
    "hue": COLOURS,
    "shape": sprite_shapes.NAMES,
    "rotation": ("leaning right", "upright", "leaning left"),
    "y": ("at the top", "at the middle", "at the bottom"),
    "x": ("on the left", "on the centre", "on the right"),
    "background": ("with dark background", "with grey background", "with light background"),
}


VOCABULARY: tuple[str, ...] = (
    "",
    *dict.fromkeys(w for p in PHRASES.values() for text in p for w in words(text)),
)


def told_words(names: Sequence[str]) -> tuple[str, ...]:
    """The words that occur in sprites' captions which tell the factors in ``names``, each once."""
    told = [text for name in PHRASES if name in names for text in PHRASES[name]]
    return tuple(dict.fromkeys(word for text in told for word in words(text)))


def _bins(name: str, values: torch.Tensor) -> torch.Tensor:
    """Which of a factor's phrases describes each value: int64 (N,)."""

    factor = next(f for f in FACTORS if f.name == name)
    n = len(PHRASES[name])
    if factor.kind == "discrete":
        return values.long()
    if factor.kind == "circular":  # the phrases are evenly spaced directions; each covers half a step to either side
        return (values * (n / (2 * math.pi))).round().long() % n
    share = (values - factor.low) / (factor.high - factor.low)
    return (share * n).long().clamp(0, n - 1)


def describe(factors: dict[str, torch.Tensor], names: Sequence[str] = tuple(PHRASES)) -> tuple[str, ...]:
    """A caption for each of N sprites that tells the factors in ``names`` (all of them unless told otherwise)."""
    told = [name for name in PHRASES if name in names]
    columns = [[PHRASES[name][k] for k in _bins(name, factors[name].cpu()).tolist()] for name in told]
    return tuple(" ".join(parts) for parts in zip(*columns, strict=True))
