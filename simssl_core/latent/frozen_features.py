"""Frozen representations of many images, encoded once, on which decoders and probability models are fitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from simssl_core.data.catalog import Dataset
from simssl_core.data.probe_set import BATCH
from simssl_core.data.view_maker import ViewMaker
from simssl_core.errors import DataError, ShapeError

Encode = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class FrozenFeatures:
    """``features`` float32 (V, N, D) of V images of each of N data, and these ``images`` uint8 (V, N, C, H, W)."""

    features: Tensor
    images: Tensor

    def __len__(self) -> int:
        return self.features.shape[1]

    def batches(self, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield endlessly features (V, B, D) and their images as float32 in [0, 1], in shuffled epochs."""
        while True:
            order = torch.randperm(len(self), generator=generator).to(self.features.device)
            for rows in order.split(size):
                if len(rows) == size or len(rows) == len(order):
                    yield self.features[:, rows], self.images[:, rows].float().div_(255)


@torch.no_grad()
def freeze(
    encode: Encode,
    dataset: Dataset,
    view_maker: ViewMaker,
    count: int = 2,
    plain: bool = False,
    limit: int = 10_000,
    seconds: float = 10.0,
    seed: int = 0,
    split: Literal["train", "test"] = "train",
) -> FrozenFeatures:
    """Encode ``count`` views of each of up to ``limit`` data, as many as ``seconds`` allow (at least one batch).

    With ``plain`` the unaugmented image is encoded too, before the views. The global random generator is not touched.

    Raises:
        ShapeError: ``encode`` does not return (B, D).
        DataError: its representations are not finite.
    """
    data = getattr(dataset, split)
    device = data.images.device
    generator = torch.Generator(device=device).manual_seed(seed)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:limit]
    started = time.perf_counter()
    features: list[Tensor] = []
    images: list[Tensor] = []
    for places in order.split(max(1, BATCH // (count + plain))):
        indices = places.to(device)
        batch = view_maker(data, indices, generator, count=count).images
        if plain:
            batch = torch.cat([view_maker.plain(data, indices)[None], batch])
        rows = encode(batch.flatten(0, 1))
        if rows.ndim != 2 or len(rows) != batch.shape[0] * len(indices):
            raise ShapeError(f"the encoder must return (B, D), not {tuple(rows.shape)}")
        if not rows.isfinite().all():
            raise DataError(
                "the representations are not finite, so nothing can be learnt from them: the encoder has diverged"
            )
        features.append(rows.float().unflatten(0, batch.shape[:2]))
        images.append(batch.mul(255).round_().to(torch.uint8))
        if time.perf_counter() - started > seconds:
            break
    return FrozenFeatures(torch.cat(features, 1), torch.cat(images, 1))


def pace(seconds: float, steps: int | None, started: float) -> Iterator[tuple[int, float]]:
    """Yield (step, share done) for a loop that ends after ``steps``, or ``seconds`` after ``started`` (a perf_counter).

    The loop ends with whichever comes first; the last share is 1.
    """
    step, share = 0, 0.0
    while share < 1:
        share = min(1.0, max((time.perf_counter() - started) / seconds, step / steps if steps else 0.0))
        yield step, share
        step += 1


def learning_rate(highest: float, step: int, share: float) -> float:
    """Return the learning rate: it rises over 20 steps, stays constant until half-time, then falls linearly to zero."""
    return highest * min(1.0, (step + 1) / 20, 2 * (1 - share))


def scaling(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (D,) and 1/std (D,) of features (…, D); 0 instead of 1/std for a constant dimension."""
    rows = features.flatten(0, -2)
    mean, std = rows.mean(0), rows.std(0, correction=0)
    constant = std <= 1e-6 * mean.abs() + 1e-12
    return mean, torch.where(constant, 0.0, 1 / torch.where(constant, 1.0, std))
