"""The catalog of data sets: what there is (torch-free), and loading it onto a device as uint8."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simssl_core.config import DataConfig
from simssl_core.data.info import CATALOG, DatasetInfo
from simssl_core.errors import DataError

if TYPE_CHECKING:  # torch is imported by load() only
    from simssl_core.data.loaded import Loaded
    from simssl_core.data.views import Factor, Split

LOADERS = {
    "sprites": "sprites",
    "digits": "digits",
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "cifar10": "cifar10",
    "celeba": "celeba",
    "coil20": "coil20",
    "folder": "folders",
    "parquet": "parquet",
}


@dataclass(frozen=True)
class Dataset:
    """A data set on one device.

    ``shape`` is (C, H, W); ``factors`` describes the true factors in ``train.factors`` and ``test.factors``;
    ``vocabulary`` holds the captions' words, index 0 (the empty word) being padding; it is empty without captions.
    Data with labels and no words of their own get their class's name as caption: what reads it has seen the label.
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
    """The data sets' names, the default first."""
    return tuple(CATALOG)


def info(name: str) -> DatasetInfo:
    """What is known of a data set before it is loaded.

    Raises:
        DataError: the catalog has no such name.
    """
    if name not in CATALOG:
        near = difflib.get_close_matches(str(name), CATALOG, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise DataError(f"There is no data set '{name}'.{hint} Known: {', '.join(CATALOG)}.")
    return CATALOG[name]


def load(config: DataConfig, device: str = "cpu") -> Dataset:
    """Load a data set and hold it on ``device``; at most ``config.train`` and ``config.test`` images of each split.

    Raises:
        DataError: unknown name, or files that are missing, unreadable or of the wrong form, with how to mend it.
    """
    about = info(config.name)
    module = importlib.import_module(f"simssl_core.data.{LOADERS[config.name]}")
    loaded = _in_words(module.load(config, device))
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


def _in_words(loaded: Loaded) -> Loaded:
    """The same with the classes' names as captions, where there are labels and no captions."""
    from simssl_core.data import captions

    splits = (loaded.train, loaded.test)
    labelled = all(split.labels.numel() and split.labels.min() >= 0 for split in splits)
    if loaded.vocabulary or len(loaded.classes) < 2 or not labelled:
        return loaded
    train, test = (replace(split, captions=captions.of_classes(split.labels, loaded.classes)) for split in splits)
    return replace(loaded, train=train, test=test, vocabulary=captions.build_vocabulary(loaded.classes))
