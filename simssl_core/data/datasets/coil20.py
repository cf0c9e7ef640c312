"""COIL-20: 72 views of each of twenty objects on a turntable, 32 x 32 greyscale. The viewing angle is a true factor.

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
    """Load images uint8 (N, 1, 32, 32). ``config.seed`` selects the fifth that is held out, so every object is in both
    splits, seen from different angles.

    Raises:
        DataError: the file is missing or damaged.
    """
    folder = root(config) / "coil20"
    if not folder.is_dir() or not list(folder.glob("*.parquet")):
        raise DataError(
            f"COIL-20 is not in {root(config)}. It belongs in {folder} as a parquet file of images with the columns "
            "image, label and angle_deg (the Hugging Face image convention); there is no automatic download."
        )
    return parquet.load_files(*parquet.find(folder), config, device)


register(
    DatasetInfo(
        "coil20",
        "COIL-20",
        "Twenty objects on a turntable, 72 grey photographs each, 32 by 32 pixels: the viewing angle is known.",
        (1, 32, 32),
        load,
        class_count=20,
        order=6,
        views={"crop_min": 0.6, "crop_max": 1.0, "vflip": 0.0},
        model={"encoder": "convnet", "width": 16},
        train={"batch": 128, "learning_rate": 1e-3},
    )
)
