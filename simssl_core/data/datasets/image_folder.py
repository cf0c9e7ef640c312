"""Your own pictures: a folder whose sub-folders are the labels.

``folder/cat/1.png, folder/dog/2.jpg, ...``; a fifth is held out. If the folder contains ``train`` and ``test`` (or
``val``, ``valid``, ``validation``), each with sub-folders, these are the two splits. Pictures directly in the folder
have no label. Hidden files and links are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simssl_core.config import DataConfig
from simssl_core.data import decoding
from simssl_core.data.datasets.base import LoadedData, held_out, own_path, subset, to_split
from simssl_core.data.datasets.info import OWN_VIEWS, DatasetInfo, register
from simssl_core.errors import DataError

MAX_FILES = 2_000_000
MIN_FILES = 10
TEST_FOLDERS = ("test", "val", "valid", "validation")
EXPECTED = "A folder with one sub-folder of pictures for each class is needed, or one of pictures only, without labels."


def load(config: DataConfig, device: str) -> LoadedData:
    """Load images uint8 (N, C, H, W), with sizes and colours by the rule in :mod:`simssl_core.data.decoding`.

    The sub-folders in alphabetical order are the classes.

    Raises:
        DataError: the folder is missing, it has too few or too many pictures, or pictures cannot be read.
    """
    folder = own_path(config, "a folder of pictures")
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. {EXPECTED}")
    subfolders = {
        entry.name.lower(): Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)
    }
    test = next((subfolders[name] for name in TEST_FOLDERS if name in subfolders), None)
    if "train" in subfolders and test is not None:
        train_files, train_names = labelled(subfolders["train"])
        test_files, test_names = labelled(test)
        rows = subset(len(train_files), config.train, config.seed), subset(len(test_files), config.test, config.seed)
    else:
        train_files, train_names = labelled(folder)
        test_files, test_names = train_files, train_names
        rows = held_out(len(train_files), config)
    classes = tuple(sorted({name for name in train_names + test_names if name}))
    files = [train_files[k] for k in rows[0]] + [test_files[k] for k in rows[1]]
    names = [train_names[k] for k in rows[0]] + [test_names[k] for k in rows[1]]
    labels = np.array([classes.index(name) if name else -1 for name in names])
    images, readable = decoding.cached(
        decoding.key(files, []), lambda: decoding.decode_all((str(path), path) for path in files)
    )
    labels, cut = labels[readable], int(readable[: len(rows[0])].sum())
    return LoadedData(
        train=to_split(device, images[:cut], labels[:cut]),
        test=to_split(device, images[cut:], labels[cut:]),
        classes=classes,
    )


def labelled(folder: Path) -> tuple[list[Path], list[str]]:
    """All pictures under ``folder`` in a fixed order, and the sub-folder of each ('' for those directly in ``folder``).

    Raises:
        DataError: there are fewer than ``MIN_FILES`` or more than ``MAX_FILES`` pictures.
    """
    files, names = [], []
    for path, name in _walk(folder, ""):
        files.append(path)
        names.append(name)
        if len(files) > MAX_FILES:
            raise DataError(f"{folder} holds more than {MAX_FILES:,} pictures. Choose a smaller folder.")
    if len(files) < MIN_FILES:
        suffixes = ", ".join(decoding.SUFFIXES)
        raise DataError(
            f"{folder} holds {len(files)} pictures ({suffixes}); at least {MIN_FILES} are needed. {EXPECTED}"
        )
    return files, names


def _walk(folder: Path, label: str) -> Iterator[tuple[Path, str]]:
    """(path, label) of all pictures under ``folder`` in alphabetical order; the first sub-folder is the label."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), label or entry.name)
        elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(decoding.SUFFIXES):
            yield Path(entry.path), label


def _entries(folder: Path) -> list[os.DirEntry]:
    """The entries of a folder in alphabetical order, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error}).") from error


register(
    DatasetInfo(
        "folder",
        "Your folder",
        "Your own pictures: a folder whose sub-folders are the labels.",
        (0, 0, 0),
        load,
        source="own files",
        views=OWN_VIEWS,
        model={"encoder": "convnet", "width": 64},
        train={"batch": 64, "learning_rate": 1e-3},
    )
)
