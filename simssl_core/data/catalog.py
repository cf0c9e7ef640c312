"""The catalog of data sets: what there is (torch-free), and loading it onto a device as uint8."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from simssl_core.config import DataConfig
from simssl_core.errors import DataError

if TYPE_CHECKING:  # torch is imported by load() only
    from simssl_core.data.datasets.base import Loaded
    from simssl_core.data.types import Factor, Split


LOADERS = {
    "sprites": "sprites",
    "digits": "digits",
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "cifar10": "cifar10",
    "celeba": "celeba",
    "coil20": "coil20",
    "folder": "image_folder",
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
    module = importlib.import_module(f"simssl_core.data.datasets.{LOADERS[config.name]}")
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


@dataclass(frozen=True)
class DatasetInfo:
    """One data set of the catalog.

    ``shape`` (C, H, W) and ``classes`` are 0 where the user's own files decide. ``likelihood`` is that of p(x|z).
    ``views``, ``model`` and ``train`` hold what differs from the defaults of the configuration models: the settings
    that show content and style come apart **live on a CPU**. ``published`` holds the paper's own setting under the same
    three names.
    """

    name: str
    title: str
    description: str
    shape: tuple[int, int, int]
    classes: int
    likelihood: Literal["bernoulli", "gaussian"] = "gaussian"
    procedural: bool = False
    views: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


INK_VIEWS = {"crop_min": 0.4, "crop_max": 1.0, "vflip": 0.5}
INK_MODEL = {"encoder": "mlp", "hidden": (500, 500, 2000), "width": 10}
COLOUR_VIEWS = {
    "crop_min": 0.6,
    "crop_max": 1.0,
    "vflip": 0.5,
    "brightness": 0.8,
    "contrast": 0.8,
    "saturation": 0.8,
    "hue": 0.2,
}
OWN_VIEWS = {
    "crop_min": 0.5,
    "vflip": 0.0,
    "hflip": 0.5,
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.4,
    "hue": 0.1,
}
PUBLISHED_TRAIN = {"batch": 64, "learning_rate": 8e-5}
PUBLISHED_INK = {"views": {**INK_VIEWS, "binarise": True}, "model": INK_MODEL, "train": PUBLISHED_TRAIN}
PUBLISHED_COLOUR = {"views": COLOUR_VIEWS, "model": {"encoder": "resnet18", "width": 64}, "train": PUBLISHED_TRAIN}

CATALOG: dict[str, DatasetInfo] = {
    item.name: item
    for item in (
        DatasetInfo(
            "sprites",
            "Sprites",
            "Ten shapes drawn on the fly. Position, size, rotation, hue, background and line width are known exactly, "
            "and you decide which of them two views share.",
            (3, 32, 32),
            10,
            procedural=True,
            views={"shared": ("shape",)},
            model={"encoder": "convnet", "width": 16, "channels": 16},
            train={"batch": 64, "learning_rate": 2e-3},
        ),
        DatasetInfo(
            "digits",
            "Small digits",
            "1,797 real handwritten digits of 8 by 8 pixels that come with scikit-learn: the quickest real data.",
            (1, 8, 8),
            10,
            views={"crop_min": 0.5, "crop_max": 1.0, "vflip": 0.0, "rotation": 20.0},
            model={"encoder": "mlp", "hidden": (256, 128), "width": 10},
            train={"batch": 128, "learning_rate": 1e-3},
        ),
        DatasetInfo(
            "mnist",
            "MNIST",
            "70,000 handwritten digits of 28 by 28 pixels.",
            (1, 28, 28),
            10,
            likelihood="bernoulli",
            views={**INK_VIEWS, "binarise": True},
            model=INK_MODEL,
            train={"batch": 128, "learning_rate": 2e-3},
            published=PUBLISHED_INK,
        ),
        DatasetInfo(
            "fashion_mnist",
            "Fashion-MNIST",
            "70,000 pictures of clothes and shoes, 28 by 28 pixels of grey.",
            (1, 28, 28),
            10,
            likelihood="bernoulli",
            views={**INK_VIEWS, "binarise": True},
            model=INK_MODEL,
            train={"batch": 128, "learning_rate": 2e-3},
            published=PUBLISHED_INK,
        ),
        DatasetInfo(
            "cifar10",
            "CIFAR-10",
            "60,000 photographs of ten kinds of animals and vehicles, 32 by 32 pixels. The small ConvNet is live on a "
            "CPU; the paper's ResNet-18 needs a GPU.",
            (3, 32, 32),
            10,
            views=COLOUR_VIEWS,
            model={"encoder": "convnet", "width": 64},
            train={"batch": 128, "learning_rate": 1e-3},
            published=PUBLISHED_COLOUR,
        ),
        DatasetInfo(
            "celeba",
            "CelebA",
            "Photographs of faces, 64 by 64 pixels, with 40 attributes (hair, glasses, smile, ...) as true factors.",
            (3, 64, 64),
            2,
            views=COLOUR_VIEWS,
            model={"encoder": "convnet", "width": 64},
            train={"batch": 64, "learning_rate": 1e-3},
            published=PUBLISHED_COLOUR,
        ),
        DatasetInfo(
            "coil20",
            "COIL-20",
            "Twenty objects on a turntable, 72 photographs each, 32 by 32 pixels of grey: the angle of view is known.",
            (1, 32, 32),
            20,
            views={"crop_min": 0.6, "crop_max": 1.0, "vflip": 0.0},
            model={"encoder": "convnet", "width": 16},
            train={"batch": 128, "learning_rate": 1e-3},
        ),
        DatasetInfo(
            "folder",
            "Your folder",
            "Your own pictures: a folder whose sub-folders are the labels.",
            (0, 0, 0),
            0,
            views=OWN_VIEWS,
            model={"encoder": "convnet", "width": 64},
            train={"batch": 64, "learning_rate": 1e-3},
        ),
        DatasetInfo(
            "parquet",
            "Your parquet file",
            "Your own pictures in a parquet file as Hugging Face stores them; further columns of numbers become "
            "factors, a column of text becomes captions.",
            (0, 0, 0),
            0,
            views=OWN_VIEWS,
            model={"encoder": "convnet", "width": 64},
            train={"batch": 64, "learning_rate": 1e-3},
        ),
    )
}
