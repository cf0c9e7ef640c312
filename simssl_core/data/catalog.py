"""The catalog of data sets: what there is (torch-free), and loading it onto a device as uint8.

Each data set stands in a file of its own in :mod:`simssl_core.data.datasets`, which registers it when it is imported;
:func:`register` does the same for one from outside.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

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

    ``shape`` is (C, H, W); ``factors`` describes the true factors in ``train.factors`` and ``test.factors``;
    ``vocabulary`` holds the captions' words, index 0 (the empty word) being padding; it is empty without captions.
    Data with labels and no words of their own get their class's name as caption: what reads it has seen the label.
    (Drawn data do not: their captions are written anew for what views share, or there are none.)
    """

    config: DataConfig
    info: DatasetInfo
    train: Split
    test: Split
    classes: tuple[str, ...]
    factors: tuple[Factor, ...]
    shape: tuple[int, int, int]
    likelihood: Literal["bernoulli", "gaussian"]
    vocabulary: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """The data sets' names, the default first."""
    _discover()
    return tuple(sorted(REGISTERED, key=lambda name: _place(REGISTERED[name])))


def ordered(some: Iterable[str]) -> list[str]:
    """These names without repetition, in the catalog's order; names that it does not have come last, by name."""
    places = {name: place for place, name in enumerate(names())}
    return sorted(set(some), key=lambda name: (places.get(name, len(places)), name))


def find(name: str) -> DatasetInfo | None:
    """What a data set says of itself; None where the catalog has no such name (a run may come from elsewhere)."""
    _discover()
    return REGISTERED.get(name)


def info(name: str) -> DatasetInfo:
    """What a data set says of itself before it is loaded.

    Raises:
        DataError: the catalog has no such name.
    """
    about = find(name)
    if about is None:
        near = difflib.get_close_matches(str(name), names(), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise DataError(f"There is no data set '{name}'.{hint} Known: {', '.join(names())}.")
    return about


def load(config: DataConfig, device: str = "cpu") -> Dataset:
    """Load a data set and hold it on ``device``; at most ``config.train`` and ``config.test`` images of each split.

    Raises:
        DataError: unknown name, or files that are missing, unreadable or of the wrong form, with how to mend it.
    """
    about = info(config.name)
    loaded = about.load(config, device)
    loaded = loaded if about.procedural else _in_words(loaded)
    return Dataset(
        config=config,
        info=about,
        train=loaded.train,
        test=loaded.test,
        classes=loaded.classes,
        factors=loaded.factors,
        shape=tuple(loaded.train.images.shape[1:]),
        likelihood=about.likelihood,
        vocabulary=loaded.vocabulary,
    )


def _place(about: DatasetInfo) -> tuple[bool, int, str]:
    return about.own_files, about.order, about.name


@cache
def _discover() -> None:
    """Import every module in the folder of data sets, so that each ``register(...)`` has run."""
    for module in pkgutil.iter_modules(datasets.__path__, f"{datasets.__name__}."):
        importlib.import_module(module.name)


def _in_words(loaded: LoadedData) -> LoadedData:
    """The same with the classes' names as captions, where there are labels and no captions."""
    from simssl_core.data import captions

    splits = (loaded.train, loaded.test)
    labelled = all(split.labels.numel() and split.labels.min() >= 0 for split in splits)
    if loaded.vocabulary or len(loaded.classes) < 2 or not labelled:
        return loaded
    train, test = (replace(split, captions=captions.of_classes(split.labels, loaded.classes)) for split in splits)
    return replace(loaded, train=train, test=test, vocabulary=captions.build_vocabulary(loaded.classes))
