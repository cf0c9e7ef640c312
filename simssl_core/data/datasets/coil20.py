"""COIL-20: twenty objects on a turntable, 72 views each, 32 x 32 greyscale. The angle of view is a true factor.

Source: Nene, Nayar & Murase, "Columbia Object Image Library (COIL-20)", 1996.
"""

from __future__ import annotations

from simssl_core.config import DataConfig
from simssl_core.data.datasets import parquet
from simssl_core.data.datasets.base import LoadedData
from simssl_core.data.datasets.info import DatasetInfo, register
from simssl_core.data.download import root
from simssl_core.errors import DataError


def load(config: DataConfig, device: str) -> LoadedData:
    """A fifth is held out, chosen by ``config.seed``: every object is in both parts, from different angles.

    Raises:
        DataError: the file is missing or damaged.
    """
    place = root(config) / "coil20"
    if not place.is_dir() or not list(place.glob("*.parquet")):
        raise DataError(
            f"COIL-20 is not in {root(config)}. It belongs in {place} as a parquet file of images with the columns "
            "image, label and angle_deg (the Hugging Face image convention); there is no automatic download."
        )
    return parquet.load_files(*parquet.find(place), config, device)


register(
    DatasetInfo(
        "coil20",
        "COIL-20",
        "Twenty objects on a turntable, 72 photographs each, 32 by 32 pixels of grey: the angle of view is known.",
        (1, 32, 32),
        load,
        class_count=20,
        order=6,
        views={"crop_min": 0.6, "crop_max": 1.0, "vflip": 0.0},
        model={"encoder": "convnet", "width": 16},
        train={"batch": 128, "learning_rate": 1e-3},
    )
)
