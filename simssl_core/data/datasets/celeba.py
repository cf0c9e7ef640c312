"""CelebA (Liu et al. 2015) through torchvision: faces of 64 x 64 pixels, with their 40 attributes as factors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data import decoding, torchvision_safe
from simssl_core.data.datasets.base import LoadedData, subset, to_split
from simssl_core.data.datasets.info import COLOUR_VIEWS, PUBLISHED_COLOUR, DatasetInfo, register
from simssl_core.data.download import download, root
from simssl_core.data.types import Factor
from simssl_core.errors import DataError

CONTENT = "Male"  # the attribute that is the class label; all 40 attributes are factors
CLASSES = ("not male", "male")
FILES = (
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
    "identity_CelebA.txt",
    "list_bbox_celeba.txt",
    "list_landmarks_align_celeba.txt",
)


def load(config: DataConfig, device: str) -> LoadedData:
    """Load images uint8 (N, 3, 64, 64): the central squares of the aligned pictures (178 x 218), reduced.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    folder = root(config) / "celeba"
    if not (folder / "img_align_celeba").is_dir() or not all((folder / name).is_file() for name in FILES):
        needed = f"img_align_celeba/ (the unpacked pictures) and {', '.join(FILES)} in {folder}"
        download(config, "CelebA", {}, needed)
    parts = {}
    for part, limit in (("train", config.train), ("test", config.test)):
        try:
            celeba = torchvision_safe.load().datasets.CelebA(str(root(config)), split=part, target_type="attr")
        except (RuntimeError, OSError, ValueError) as error:
            raise DataError(
                f"{folder} does not hold CelebA's published files ({error}). Download them again."
            ) from error
        rows = subset(len(celeba.filename), limit, config.seed)
        files = [folder / "img_align_celeba" / celeba.filename[k] for k in rows]
        parts[part] = files, celeba.attr.numpy()[rows]
        names = tuple(name for name in celeba.attr_names if name)
    return _assemble(parts, names, device)


def _assemble(parts: dict[str, tuple[list[Path], np.ndarray]], names: tuple[str, ...], device: str) -> LoadedData:
    """Decode the files of both parts; ``parts`` holds (files, attributes (N, 40)), ``names`` the attributes' names."""
    train_files, train_attributes = parts["train"]
    test_files, test_attributes = parts["test"]
    files = train_files + test_files
    missing = next((path for path in files if not path.is_file()), None)
    if missing:
        raise DataError(f"{missing} is missing. Unpack img_align_celeba.zip into {missing.parent.parent} again.")
    images, readable = decoding.cached(
        decoding.key(files, []), lambda: decoding.decode_all((str(path), path) for path in files)
    )
    attributes = np.concatenate([train_attributes, test_attributes])[readable]
    cut = int(readable[: len(train_files)].sum())
    splits = (
        to_split(
            device,
            images[rows],
            attributes[rows, names.index(CONTENT)],
            {name: attributes[rows, k] for k, name in enumerate(names)},
        )
        for rows in (slice(cut), slice(cut, None))
    )
    factors = tuple(Factor(name, "discrete", 0, 1, ("no", "yes")) for name in names)
    return LoadedData(*splits, classes=CLASSES, factors=factors)


register(
    DatasetInfo(
        "celeba",
        "CelebA",
        "Photographs of faces, 64 by 64 pixels, with 40 attributes (hair, glasses, smile, ...) as true factors.",
        (3, 64, 64),
        load,
        class_names=CLASSES,
        order=5,
        views=COLOUR_VIEWS,
        model={"encoder": "convnet", "width": 64},
        train={"batch": 64, "learning_rate": 1e-3},
        published=PUBLISHED_COLOUR,
    )
)
