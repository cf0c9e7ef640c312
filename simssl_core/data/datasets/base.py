"""What every loader hands to the catalog, and the steps all loaders share: subsets, splits, moving to a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data.types import Factor, Split
from simssl_core.errors import DataError


@dataclass(frozen=True)
class LoadedData:
    """Two splits on a device, with what is needed to read them."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    factors: tuple[Factor, ...] = ()
    vocabulary: tuple[str, ...] = ()


def subset(total: int, limit: int, seed: int) -> np.ndarray:
    """Places (ascending) of ``limit`` of ``total`` rows, drawn without replacement; all rows where ``limit`` allows."""
    if limit >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).permutation(total)[:limit])


def held_out(total: int, config: DataConfig, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Deterministic train and test rows of a data set that has no split of its own: ``share`` is held out.

    Which rows are held out depends on ``config.seed`` only, never on the limits, so train and test of two runs with one
    seed do not mix. Each part is then cut to its limit.
    """
    order = np.random.default_rng(config.seed).permutation(total)
    cut = max(1, round(total * share))
    test, train = order[:cut], order[cut:]
    return np.sort(train[: config.train]), np.sort(test[: config.test])


def to_split(
    device: str,
    images: np.ndarray,
    labels: np.ndarray,
    factors: Mapping[str, np.ndarray] | None = None,
    captions: tuple[str, ...] = (),
) -> Split:
    """Arrays -> a :class:`Split` on ``device``: images uint8 (N, C, H, W), labels (N,), factors by name (N,)."""
    import torch

    named = {n: torch.from_numpy(np.array(v, dtype=np.float32)).to(device) for n, v in (factors or {}).items()}
    return Split(
        images=torch.from_numpy(np.array(images, order="C")).to(device),
        labels=torch.from_numpy(np.array(labels, dtype=np.int64)).to(device),
        factors=named,
        captions=captions,
    )


def own_path(config: DataConfig, what: str) -> Path:
    """The user's own path.

    Raises:
        DataError: none was given, or nothing is there.
    """
    if not config.path:
        raise DataError(f"Data '{config.name}' needs the setting 'path': {what}.")
    place = Path(config.path).expanduser()
    if not place.exists():
        raise DataError(f"There is nothing at {place}. The setting 'path' must name {what}.")
    return place
