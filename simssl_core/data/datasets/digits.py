"""scikit-learn's handwritten digits (UCI, 1,797 images of 8x8): real data that is there without any download."""

from __future__ import annotations

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data.datasets.base import Loaded, held_out, to_split


def load(config: DataConfig, device: str) -> Loaded:
    """Images uint8 (N, 1, 8, 8), grey levels 0..16 as 0..255; a fifth is held out, chosen by ``config.seed``."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    train, test = held_out(len(images), config)
    return Loaded(
        train=to_split(device, images[train], labels[train]),
        test=to_split(device, images[test], labels[test]),
        classes=tuple(str(k) for k in range(10)),
    )
