"""Your own pictures: a folder whose sub-folders are the labels.

``folder/cat/1.png, folder/dog/2.jpg, ...``; a fifth is held out. Where the folder holds ``train`` and ``test`` (or
``val``, ``valid``, ``validation``), each with sub-folders, they are the two splits. Pictures that lie in the folder
itself have no label. Hidden files and links are left alone.
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

MOST_FILES = 2_000_000
FEWEST = 10
TESTS = ("test", "val", "valid", "validation")
FORM = "Needed: a folder with one sub-folder of pictures for each class (or pictures alone: then there are no labels)."


def load(config: DataConfig, device: str) -> LoadedData:
    """Images uint8 (N, C, H, W) by the rule in ``pictures``; labels are the sub-folders in alphabetical order.

    Raises:
        DataError: no folder, too few or too many pictures, or pictures that cannot be read.
    """
    place = own_path(config, "a folder of pictures")
    if not place.is_dir():
        raise DataError(f"{place} is not a folder. {FORM}")
    inner = {entry.name.lower(): Path(entry.path) for entry in _entries(place) if entry.is_dir(follow_symlinks=False)}
    test = next((inner[name] for name in TESTS if name in inner), None)
    if "train" in inner and test is not None:
        train_files, train_names = labelled(inner["train"])
        test_files, test_names = labelled(test)
        rows = subset(len(train_files), config.train, config.seed), subset(len(test_files), config.test, config.seed)
    else:
        train_files, train_names = labelled(place)
        test_files, test_names = train_files, train_names
        rows = held_out(len(train_files), config)
    classes = tuple(sorted({name for name in train_names + test_names if name}))
    chosen = [train_files[k] for k in rows[0]] + [test_files[k] for k in rows[1]]
    named = [train_names[k] for k in rows[0]] + [test_names[k] for k in rows[1]]
    labels = np.array([classes.index(name) if name else -1 for name in named])
    images, kept = decoding.cached(
        decoding.key(chosen, []), lambda: decoding.decode_all((str(path), path) for path in chosen)
    )
    labels, cut = labels[kept], int(kept[: len(rows[0])].sum())
    return LoadedData(
        train=to_split(device, images[:cut], labels[:cut]),
        test=to_split(device, images[cut:], labels[cut:]),
        classes=classes,
    )


def labelled(place: Path) -> tuple[list[Path], list[str]]:
    """All pictures under ``place`` in a fixed order, and the sub-folder each is in ('' in the folder itself).

    Raises:
        DataError: fewer than ten pictures, or more than can be listed.
    """
    files, names = [], []
    for path, name in _walk(place, ""):
        files.append(path)
        names.append(name)
        if len(files) > MOST_FILES:
            raise DataError(f"{place} holds more than {MOST_FILES:,} pictures. Give a smaller folder.")
    if len(files) < FEWEST:
        raise DataError(
            f"{place} holds {len(files)} pictures ({', '.join(decoding.SUFFIXES)}); {FEWEST} are the least. {FORM}"
        )
    return files, names


def _walk(place: Path, label: str) -> Iterator[tuple[Path, str]]:
    """Pictures of ``place`` and of what lies below, in alphabetical order; the label is the first sub-folder's name."""
    for entry in _entries(place):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), label or entry.name)
        elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(decoding.SUFFIXES):
            yield Path(entry.path), label


def _entries(place: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(place) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise DataError(f"{place} cannot be listed ({error}).") from error


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
