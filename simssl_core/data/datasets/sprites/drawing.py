"""Draw batches of sprites on the device from their factors, using signed distances to the outlines."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import torch
import torch.nn.functional as F

from simssl_core.data.datasets.sprites import shapes
from simssl_core.data.types import Factor

RADIUS = 0.6  # of a sprite of scale 1; the unit is half the image
TILE, EXTENT = 128, 1.3  # of a distance table: points per side, and half the width it covers in sprite radii
THIN, THICK = 0.15, 0.70  # line width in sprite radii at line = 0 and line = 1 (wide enough to fill any shape)


def draw(count: int, generator: torch.Generator, factors: Iterable[Factor]) -> dict[str, torch.Tensor]:
    """Sample each factor uniformly from its range: float32 (count,) by name, on the generator's device."""
    drawn = {}
    for factor in factors:
        u = torch.rand(count, generator=generator, device=generator.device)
        if factor.kind == "discrete":
            drawn[factor.name] = (u * len(factor.classes)).floor_().clamp_(max=len(factor.classes) - 1)
        else:
            drawn[factor.name] = factor.low + (factor.high - factor.low) * u
    return drawn


def render(factors: dict[str, torch.Tensor], size: int = 32) -> torch.Tensor:
    """Draw N sprites: float32 (N, 3, size, size) in [0, 1], on the factors' device.

    The distance to the outline is read from a table (one bilinear ``grid_sample`` for the whole batch) and converted to
    pixels. Within one pixel of the edge it gives the coverage, so edges are smooth at every size and angle.
    """
    radius = factors["scale"] * RADIUS  # (N,), in units of half the image
    pixels = (radius * (size / 2))[:, None, None]
    distance = _distance(factors, radius, size) * pixels  # (N, size, size), in pixels
    line = ((THIN + (THICK - THIN) * factors["line"]) * radius * (size / 2)).clamp(min=1.0)[:, None, None]
    hole = (distance + (line - 0.5)).neg_().clamp_(0, 1)
    coverage = distance.neg_().add_(0.5).clamp_(0, 1).sub_(hole)[:, None]
    colour = saturated(factors["hue"])[:, :, None, None]  # (N, 3, 1, 1)
    background = factors["background"][:, None, None, None]
    return torch.addcmul(background, coverage, colour - background)


def _distance(factors: dict[str, torch.Tensor], radius: torch.Tensor, size: int) -> torch.Tensor:
    """Signed distance of each pixel to the outline of its sprite, in sprite radii: (N, size, size)."""
    device = radius.device
    table = _table(str(device))
    # From pixels p to the sprite's coordinates: q = R(rotation) (p - centre) / (radius EXTENT), y points down.
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
    # Rows k TILE .. (k + 1) TILE - 1 of the table are shape k; with align_corners, -1 and 1 are the outermost points.
    rows = len(shapes.NAMES) * TILE - 1
    offset = (factors["shape"] * TILE + (TILE - 1) / 2) * (2 / rows) - 1
    grid[..., 1].mul_((TILE - 1) / rows).add_(offset[:, None, None])
    distances = F.grid_sample(table, grid.view(1, -1, size, 2), padding_mode="border", align_corners=True)
    return distances.view(-1, size, size)


@lru_cache(maxsize=8)
def _table(device: str) -> torch.Tensor:
    """The distance tables of all shapes on ``device``: (1, 1, shapes * TILE, TILE)."""
    return torch.from_numpy(shapes.atlas(TILE, EXTENT)).to(device)[None, None]


def saturated(hue: torch.Tensor) -> torch.Tensor:
    """Hues in radians (N,) as fully saturated RGB colours (N, 3) in [0, 1]."""
    shift = torch.tensor([0.0, 4.0, 2.0], device=hue.device)
    sixth = (hue[:, None] * (3 / math.pi) + shift) % 6
    return ((sixth - 3).abs() - 1).clamp(0, 1)
