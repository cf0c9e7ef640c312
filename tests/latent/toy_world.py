"""A data set of which everything is known: one bright square on black, at a place and of a brightness of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from simssl_core.data.types import Split, Views

SIDE = 8


def squares(places: torch.Tensor, bright: torch.Tensor) -> torch.Tensor:
    """3×3 squares at ``places`` (N, 2) in 0..5, as bright as ``bright`` (N,): float (N, 1, 8, 8)."""
    rows = torch.arange(SIDE)
    inside = (rows[None] >= places[..., None]) & (rows[None] < places[..., None] + 3)  # N×2×8
    mask = inside[:, 0, :, None] & inside[:, 1, None, :]
    return (mask * bright[:, None, None])[:, None].float()


def place_of(images: torch.Tensor) -> torch.Tensor:
    """Where the square is: (N, 2), its centre of mass."""
    rows = torch.arange(SIDE, dtype=torch.float32)
    mass = images[:, 0]
    total = mass.sum((1, 2)).clamp(min=1e-6)
    return torch.stack([(mass.sum(2) * rows).sum(1) / total, (mass.sum(1) * rows).sum(1) / total], 1)


def brightness_of(images: torch.Tensor) -> torch.Tensor:
    """How bright it is: (N, 1)."""
    return images.amax((1, 2, 3))[:, None]


@dataclass
class Squares:
    """``train`` and ``test`` like any data set; its own views, which move the square and keep its brightness."""

    train: Split
    test: Split

    @classmethod
    def made(cls, count: int = 512) -> Squares:
        generator = torch.Generator().manual_seed(0)
        splits = []
        for size in (count, 128):
            places = torch.randint(0, 6, (size, 2), generator=generator)
            bright = 0.3 + 0.7 * torch.rand(size, generator=generator)
            images = squares(places, bright).mul(255).round().to(torch.uint8)
            splits.append(Split(images, torch.zeros(size, dtype=torch.int64)))
        return cls(*splits)

    def __call__(self, split: Split, at: torch.Tensor, generator: torch.Generator, count: int) -> Views:
        bright = brightness_of(self.plain(split, at))[:, 0].repeat(count)
        places = torch.randint(0, 6, (len(bright), 2), generator=generator)
        images = squares(places, bright).unflatten(0, (count, len(at)))
        return Views(images, {}, at, split.labels[at])

    def plain(self, split: Split, at: torch.Tensor) -> torch.Tensor:
        return split.images[at].float() / 255
