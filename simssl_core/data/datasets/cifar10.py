"""CIFAR-10 from parquet files, from its binary version, or from torchvision's folder, whichever is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data import torchvision_safe
from simssl_core.data.datasets import parquet
from simssl_core.data.datasets.base import LoadedData, subset, to_split
from simssl_core.data.datasets.info import COLOUR_VIEWS, PUBLISHED_COLOUR, DatasetInfo, register
from simssl_core.data.download import fetch, root
from simssl_core.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32  # a label and the pixels, channel by channel
BINARY = {"train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test": ("test_batch.bin",)}
URL, MD5 = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"


def load(config: DataConfig, device: str) -> LoadedData:
    """Images uint8 (N, 3, 32, 32).

    Raises:
        DataError: the files are missing and cannot be fetched, or are damaged.
    """
    place = root(config)
    folder = place / "cifar10"
    if folder.is_dir() and list(folder.glob("train*.parquet")):
        return parquet.load_files(*parquet.find(folder), config, device)
    if (place / "cifar-10-batches-py").is_dir():
        return _assemble(_from_torchvision(place), config, device)
    binary = place / "cifar-10-batches-bin"
    if not binary.is_dir():
        needed = f"train.parquet and test.parquet in {folder}, or the binary version ({URL}) unpacked to {binary}"
        fetch(config, "CIFAR-10", lambda tv: _fetch(tv, place), needed)
    return _assemble({part: _from_binary(binary, part) for part in BINARY}, config, device)


def _fetch(torchvision, place: Path) -> None:
    # The binary version, because torchvision's own download of CIFAR-10 holds pickles.
    torchvision.datasets.utils.download_and_extract_archive(URL, str(place), md5=MD5)


def _from_binary(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    records = []
    for name in BINARY[part]:
        try:
            content = np.fromfile(folder / name, np.uint8)
        except OSError as error:
            raise DataError(
                f"{folder / name} cannot be read ({error}). Delete the folder and fetch it again."
            ) from error
        if not len(content) or len(content) % RECORD:
            raise DataError(f"{folder / name} is not whole: its length is not a multiple of {RECORD}. Fetch it again.")
        records.append(content.reshape(-1, RECORD))
    rows = np.concatenate(records)
    if rows[:, 0].max() > 9:
        raise DataError(f"{folder} holds labels above 9: these are not CIFAR-10's files. Fetch them again.")
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]


def _from_torchvision(place: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read ``cifar-10-batches-py`` through torchvision.

    These files are pickles, which run code when they are read. torchvision compares the MD5 sum of every one of them
    with the published file's before it opens any (``_check_integrity`` in its constructor), so that nothing but the
    authors' own bytes is unpickled. Files that differ are refused.
    """
    found = {}
    for part in BINARY:
        try:
            held = torchvision_safe.load().datasets.CIFAR10(str(place), train=part == "train", download=False)
        except RuntimeError as error:
            raise DataError(
                f"{place / 'cifar-10-batches-py'} does not hold the published files ({error}). They are pickles and "
                "are opened only when their check sums are right. Delete the folder and fetch it again."
            ) from error
        found[part] = held.data.transpose(0, 3, 1, 2), np.array(held.targets)
    return found


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
        "60,000 photographs of ten kinds of animals and vehicles, 32 by 32 pixels. The small ConvNet is live on a "
        "CPU; the paper's ResNet-18 needs a GPU.",
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
