"""MNIST and FashionMNIST, read from plain or compressed IDX files in torchvision's layout (``<root>/MNIST/raw``)."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data.datasets.base import LoadedData, subset, to_split
from simssl_core.data.datasets.info import PUBLISHED_TRAIN, DatasetInfo, register
from simssl_core.data.download import download, root
from simssl_core.data.types import Split
from simssl_core.errors import DataError

FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
}
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def load(config: DataConfig, device: str) -> LoadedData:
    """Load images uint8 (N, 1, 28, 28).

    Raises:
        DataError: files are missing and cannot be downloaded, are truncated, or have the wrong shape.
    """
    folder = root(config) / FOLDERS[config.name] / "raw"
    names = [name for pair in FILES.values() for name in pair]
    if not all(find(folder, name) for name in names):
        needed = ", ".join(f"{name}.gz" for name in names)
        download(config, FOLDERS[config.name], {}, f"{needed} in {folder}")
    return LoadedData(
        train=_split(folder, "train", config.train, config.seed, device),
        test=_split(folder, "test", config.test, config.seed, device),
        classes=CLASSES[config.name],
    )


def _split(folder: Path, part: str, limit: int, seed: int, device: str) -> Split:
    images, labels = (_read(folder, name) for name in FILES[part])
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1] or labels.max(initial=0) > 9:
        raise DataError(
            f"{folder}: the {part} files hold images {images.shape} and labels {labels.shape}; (N, 28, 28) and (N,), "
            "labels 0 to 9, are needed. Delete the files and download them again."
        )
    rows = subset(len(images), limit, seed)
    return to_split(device, images[rows][:, None], labels[rows].astype(np.int64))


def _read(folder: Path, name: str) -> np.ndarray:
    path = find(folder, name)
    if path is None:
        raise DataError(f"{name}.gz is missing. It belongs in {folder}.")
    return read(path)


MAX_BYTES = 512 * 2**20  # of an unpacked file; MNIST has 47 MB


def read(path: Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes (``.gz`` or not) into an array of the shape that its header states.

    Raises:
        DataError: the file is not an IDX file of unsigned bytes, is truncated, or exceeds the limit.
    """
    remedy = "Delete the file and download it again."
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            magic = file.read(4)
            if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 4:
                raise DataError(f"{path} is not an IDX file of unsigned bytes. {remedy}")
            shape = struct.unpack(f">{magic[3]}I", file.read(4 * magic[3]))
            size = math.prod(shape)
            if size > MAX_BYTES:
                raise DataError(f"{path} claims to hold {size:,} bytes; at most {MAX_BYTES:,} are read. {remedy}")
            data = file.read(size + 1)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}). {remedy}") from error
    if len(data) != size:
        raise DataError(f"{path} does not hold the {size:,} bytes that its header states: it is truncated. {remedy}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def find(folder: Path, name: str) -> Path | None:
    """``name`` or ``name.gz`` in ``folder``, whichever exists; None if neither does."""
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


INK_VIEWS = {"crop_min": 0.4, "crop_max": 1.0, "vflip": 0.5, "binarise": True}
INK_MODEL = {"encoder": "mlp", "hidden": (500, 500, 2000), "width": 10}
COMMON_SETTINGS = {
    "shape": (1, 28, 28),
    "load": load,
    "likelihood": "bernoulli",
    "views": INK_VIEWS,
    "model": INK_MODEL,
    "train": {"batch": 128, "learning_rate": 2e-3},
    "published": {"views": INK_VIEWS, "model": INK_MODEL, "train": PUBLISHED_TRAIN},
    "simple": True,
}
register(
    DatasetInfo(
        "mnist",
        "MNIST",
        "70,000 handwritten digits of 28 by 28 pixels.",
        class_names=CLASSES["mnist"],
        order=2,
        digit_margin=4 / 28,
        **COMMON_SETTINGS,
    )
)
register(
    DatasetInfo(
        "fashion_mnist",
        "Fashion-MNIST",
        "70,000 grey pictures of clothes and shoes, 28 by 28 pixels.",
        class_names=CLASSES["fashion_mnist"],
        order=3,
        **COMMON_SETTINGS,
    )
)
