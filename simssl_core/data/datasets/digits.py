"""scikit-learn's handwritten digits (UCI, 1,797 images of 8 x 8 pixels): real data without a download."""

from __future__ import annotations

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data.datasets.base import LoadedData, held_out, to_split
from simssl_core.data.datasets.info import DatasetInfo, register

CLASSES = tuple("0123456789")


def load(config: DataConfig, device: str) -> LoadedData:
    """Load images uint8 (N, 1, 8, 8), with 0..16 scaled to 0..255; ``config.seed`` selects the held-out fifth."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    train, test = held_out(len(images), config)
    return LoadedData(
        train=to_split(device, images[train], labels[train]),
        test=to_split(device, images[test], labels[test]),
        classes=CLASSES,
    )


register(
    DatasetInfo(
        "digits",
        "Small digits",
        "1,797 real handwritten digits of 8 by 8 pixels that come with scikit-learn: the quickest real data.",
        (1, 8, 8),
        load,
        class_names=CLASSES,
        source="made here",
        order=1,
        views={"crop_min": 0.5, "crop_max": 1.0, "vflip": 0.0, "rotation": 20.0},
        model={"encoder": "mlp", "hidden": (256, 128), "width": 10},
        train={"batch": 128, "learning_rate": 1e-3},
        simple=True,
        digit_margin=0.0,
    )
)
