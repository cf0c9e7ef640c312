"""Frozen representations of many training images, encoded once, for what is learnt on top of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from simssl_core.data.probe_set import BATCH
from simssl_core.errors import DataError, ShapeError

Encode = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class FrozenFeatures:
    """``features`` float32 (V, N, D) of V pictures of N data, and those pictures, ``images`` uint8 (V, N, C, H, W)."""

    features: Tensor
    images: Tensor

    def __len__(self) -> int:
        return self.features.shape[1]

    def batches(self, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Without end: (V, B, D) features and their images as float32 in [0, 1], every datum once in each round."""
        while True:
            order = torch.randperm(len(self), generator=generator).to(self.features.device)
            for rows in order.split(size):
                if len(rows) == size or len(rows) == len(order):
                    yield self.features[:, rows], self.images[:, rows].float().div_(255)


@torch.no_grad()
def freeze(
    encode: Encode,
    dataset,
    views,
    count: int = 2,
    plain: bool = False,
    limit: int = 10_000,
    seconds: float = 10.0,
    seed: int = 0,
    split: Literal["train", "test"] = "train",
) -> FrozenFeatures:
    """Encode ``count`` views of each of up to ``limit`` data, as many as ``seconds`` allow (at least one batch).

    ``split``: "train" or "test". ``plain``: the image as it is comes first, before the views. Draws from a generator of
    its own.

    Raises:
        ShapeError: ``encode`` does not return (B, D).
        DataError: its representations are not finite.
    """
    data = getattr(dataset, split)
    device = data.images.device
    generator = torch.Generator(device=device).manual_seed(seed)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:limit]
    started, features, images = time.perf_counter(), [], []
    for places in order.split(max(1, BATCH // (count + plain))):
        at = places.to(device)
        pictures = views(data, at, generator, count=count).images
        if plain:
            pictures = torch.cat([views.plain(data, at)[None], pictures])
        rows = encode(pictures.flatten(0, 1))
        if rows.ndim != 2 or len(rows) != pictures.shape[0] * len(at):
            raise ShapeError(f"the encoder must return (B, D), not {tuple(rows.shape)}")
        if not rows.isfinite().all():
            raise DataError(
                "the representations are not finite: the encoder has diverged; nothing can be learnt on them"
            )
        features.append(rows.float().unflatten(0, pictures.shape[:2]))
        images.append(pictures.mul(255).round_().to(torch.uint8))
        if time.perf_counter() - started > seconds:
            break
    return FrozenFeatures(torch.cat(features, 1), torch.cat(images, 1))


def pace(seconds: float, steps: int | None, started: float) -> Iterator[tuple[int, float]]:
    """(step, share done) of a loop that ends after ``steps``, or ``seconds`` since ``started`` (a perf_counter).

    Whichever is sooner; the last share is 1.
    """
    step, share = 0, 0.0
    while share < 1:
        share = min(1.0, max((time.perf_counter() - started) / seconds, step / steps if steps else 0.0))
        yield step, share
        step += 1


def learning_rate(highest: float, step: int, share: float) -> float:
    """Up in 20 steps, level to the middle, then straight down to zero."""
    return highest * min(1.0, (step + 1) / 20, 2 * (1 - share))


def scaling(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and 1/std (D,) of features (…, D); 0 in place of 1/std for a dimension that never varies."""
    rows = features.flatten(0, -2)
    mean, std = rows.mean(0), rows.std(0, correction=0)
    dead = std <= 1e-6 * mean.abs() + 1e-12
    return mean, torch.where(dead, 0.0, 1 / torch.where(dead, 1.0, std))
