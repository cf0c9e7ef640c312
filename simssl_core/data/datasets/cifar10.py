"""CIFAR-10 from parquet files, from torchvision's folder or from the binary version, whichever exists."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data import torchvision_safe
from simssl_core.data.datasets import parquet
from simssl_core.data.datasets.base import LoadedData, subset, to_split
from simssl_core.data.datasets.info import COLOUR_VIEWS, PUBLISHED_COLOUR, DatasetInfo, register
from simssl_core.data.download import fetch, root
from simssl_core.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32  # bytes of one image: a label, then the pixels channel by channel
BINARY = {"train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test": ("test_batch.bin",)}
URL, MD5 = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"


def load(config: DataConfig, device: str) -> LoadedData:
    """Load images uint8 (N, 3, 32, 32).

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    data_root = root(config)
    folder = data_root / "cifar10"
    if folder.is_dir() and list(folder.glob("train*.parquet")):
        return parquet.load_files(*parquet.find(folder), config, device)
    if (data_root / "cifar-10-batches-py").is_dir():
        return _assemble(_from_torchvision(data_root), config, device)
    binary = data_root / "cifar-10-batches-bin"
    if not binary.is_dir():
        needed = f"train.parquet and test.parquet in {folder}, or the binary version ({URL}) unpacked to {binary}"
        fetch(config, "CIFAR-10", lambda torchvision: _download(torchvision, data_root), needed)
    return _assemble({part: _from_binary(binary, part) for part in BINARY}, config, device)


def _download(torchvision: ModuleType, data_root: Path) -> None:
    # This is the binary version, because torchvision's own download of CIFAR-10 consists of pickles.
    torchvision.datasets.utils.download_and_extract_archive(URL, str(data_root), md5=MD5)


def _from_binary(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (N, 3, 32, 32) and labels uint8 (N,) from the files of one part."""
    records = []
    for name in BINARY[part]:
        try:
            content = np.fromfile(folder / name, np.uint8)
        except OSError as error:
            raise DataError(
                f"{folder / name} cannot be read ({error}). Delete the folder and download it again."
            ) from error
        if not len(content) or len(content) % RECORD:
            raise DataError(
                f"{folder / name} is incomplete: its length is not a multiple of {RECORD}. Download it again."
            )
        records.append(content.reshape(-1, RECORD))
    rows = np.concatenate(records)
    if rows[:, 0].max() > 9:
        raise DataError(f"{folder} holds labels above 9: these are not CIFAR-10's files. Download them again.")
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]


def _from_torchvision(data_root: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read ``cifar-10-batches-py`` through torchvision.

    These files are pickles, which can run code when they are read. torchvision compares the MD5 sum of each file with
    that of the published file before it opens any (``_check_integrity`` in its constructor), so only the authors' own
    bytes are unpickled. Files that differ are refused.
    """
    parts = {}
    for part in BINARY:
        try:
            cifar = torchvision_safe.load().datasets.CIFAR10(str(data_root), train=part == "train", download=False)
        except RuntimeError as error:
            raise DataError(
                f"{data_root / 'cifar-10-batches-py'} does not hold the published files ({error}). They are pickles "
                "and are opened only if their check sums are right. Delete the folder and download it again."
            ) from error
        parts[part] = cifar.data.transpose(0, 3, 1, 2), np.array(cifar.targets)
    return parts


def _assemble(parts: dict[str, tuple[np.ndarray, np.ndarray]], config: DataConfig, device: str) -> LoadedData:
    splits = []
    for part, limit in (("train", config.train), ("test", config.test)):
        images, labels = parts[part]
        rows = subset(len(images), limit, config.seed)
        splits.append(to_split(device, images[rows], labels[rows].astype(np.int64)))
    return LoadedData(*splits, classes=CLASSES)


register(
    DatasetInfo(
        "cifar10",
        "CIFAR-10",
        "60,000 photographs of ten kinds of animals and vehicles, 32 by 32 pixels. The small ConvNet trains live on "
        "a CPU; the paper's ResNet-18 needs a GPU.",
        (3, 32, 32),
        load,
        class_names=CLASSES,
        order=4,
        views=COLOUR_VIEWS,
        model={"encoder": "convnet", "width": 64},
        train={"batch": 128, "learning_rate": 1e-3},
        published=PUBLISHED_COLOUR,
    )
)
