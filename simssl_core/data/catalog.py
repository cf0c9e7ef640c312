"""The catalog of data sets: list and describe them without importing torch, and load one onto a device as uint8.

Each data set has its own file in :mod:`simssl_core.data.datasets`, which registers the data set when it is imported.
:func:`register` adds a data set that is defined elsewhere.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from simssl_core.config import DataConfig
from simssl_core.data import datasets
from simssl_core.data.datasets.info import REGISTERED, DatasetInfo, register
from simssl_core.errors import DataError

if TYPE_CHECKING:  # torch is imported by load() only
    from simssl_core.data.datasets.base import LoadedData
    from simssl_core.data.types import Factor, Split

__all__ = ["Dataset", "DatasetInfo", "find", "info", "load", "names", "ordered", "register"]


@dataclass(frozen=True)
class Dataset:
    """A data set on one device.

    ``shape`` is (C, H, W). ``factors`` describes the true factors in ``train.factors`` and ``test.factors``.
    ``vocabulary`` holds the words of the captions; index 0 (the empty word) is padding. Without captions it is empty.
    Data that have labels but no captions use the class names as captions, so an objective that reads them sees the
    labels. (Procedural data do not: their captions are generated from the factors that views share, or they have none.)
    """

    config: DataConfig
    info: DatasetInfo
    train: Split
    test: Split
    classes: tuple[str, ...]
    factors: tuple[Factor, ...]
    shape: tuple[int, int, int]
    likelihood: str
    vocabulary: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """The names of all data sets, the default first."""
    _discover()
    return tuple(sorted(REGISTERED, key=lambda name: _sort_key(REGISTERED[name])))


def ordered(dataset_names: Iterable[str]) -> list[str]:
    """The given names without duplicates, in the catalog's order; names not in the catalog come last, sorted."""
    ranks = {name: rank for rank, name in enumerate(names())}
    return sorted(set(dataset_names), key=lambda name: (ranks.get(name, len(ranks)), name))


def find(name: str) -> DatasetInfo | None:
    """The description of a data set; None if the catalog has no such name (a run may come from another machine)."""
    _discover()
    return REGISTERED.get(name)


def info(name: str) -> DatasetInfo:
    """The description of a data set, available before it is loaded.

    Raises:
        DataError: the catalog has no such name.
    """
    description = find(name)
    if description is None:
        near = difflib.get_close_matches(str(name), names(), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise DataError(f"There is no data set '{name}'.{hint} Known: {', '.join(names())}.")
    return description


def load(config: DataConfig, device: str = "cpu") -> Dataset:
    """Load a data set onto ``device``, with at most ``config.train`` and ``config.test`` images in the two splits.

    Raises:
        DataError: the name is unknown, or files are missing, unreadable or malformed; the message says how to fix it.
    """
    description = info(config.name)
    loaded = description.load(config, device)
    if not description.procedural:
        loaded = _with_class_captions(loaded)
    return Dataset(
        config=config,
        info=description,
        train=loaded.train,
        test=loaded.test,
        classes=loaded.classes,
        factors=loaded.factors,
        shape=tuple(loaded.train.images.shape[1:]),
        likelihood=description.likelihood,
        vocabulary=loaded.vocabulary,
    )


def _sort_key(description: DatasetInfo) -> tuple[bool, int, str]:
    return description.own_files, description.order, description.name


@cache
def _discover() -> None:
    """Import every module in the folder ``datasets``, so that each of them calls ``register(...)``."""
    for module in pkgutil.iter_modules(datasets.__path__, f"{datasets.__name__}."):
        importlib.import_module(module.name)


def _with_class_captions(loaded: LoadedData) -> LoadedData:
    """``loaded`` with class names as captions if it has labels and no captions, else unchanged."""
    from simssl_core.data import captions

    splits = (loaded.train, loaded.test)
    labelled = all(split.labels.numel() and split.labels.min() >= 0 for split in splits)
    if loaded.vocabulary or len(loaded.classes) < 2 or not labelled:
        return loaded
    train, test = (replace(split, captions=captions.class_captions(split.labels, loaded.classes)) for split in splits)
    return replace(loaded, train=train, test=test, vocabulary=captions.build_vocabulary(loaded.classes))
