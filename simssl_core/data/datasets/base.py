"""The result of every loader, and the steps that loaders share: subsets, splits, moving to a device."""

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
    """Two splits on a device, with the class names, the factors and the vocabulary that describe them."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    factors: tuple[Factor, ...] = ()
    vocabulary: tuple[str, ...] = ()


def subset(total: int, limit: int, seed: int) -> np.ndarray:
    """Ascending positions of ``limit`` of ``total`` rows, drawn without replacement; all if ``limit`` >= ``total``."""
    if limit >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).permutation(total)[:limit])


def held_out(total: int, config: DataConfig, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Deterministic train and test rows of a data set without predefined splits; ``share`` of them is held out.

    The held-out rows depend only on ``config.seed``, never on the limits, so the train and test rows of two runs with
    the same seed do not mix. Each split is then cut to its limit.
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
    """Move arrays to ``device`` as a :class:`Split`: images uint8 (N, C, H, W), labels (N,), factors (N,) by name."""
    import torch

    factors = factors or {}
    return Split(
        images=torch.from_numpy(np.array(images, order="C")).to(device),
        labels=torch.from_numpy(np.array(labels, dtype=np.int64)).to(device),
        factors={
            name: torch.from_numpy(np.array(values, dtype=np.float32)).to(device) for name, values in factors.items()
        },
        captions=captions,
    )


def own_path(config: DataConfig, expected: str) -> Path:
    """The path to the user's own files; ``expected`` says in error messages what it must name.

    Raises:
        DataError: the path is not set or does not exist.
    """
    if not config.path:
        raise DataError(f"Data '{config.name}' needs the setting 'path': {expected}.")
    path = Path(config.path).expanduser()
    if not path.exists():
        raise DataError(f"There is nothing at {path}. The setting 'path' must name {expected}.")
    return path
