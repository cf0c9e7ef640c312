"""What the lab knows of each data set before it is loaded: title, shape, and settings that suit it.

Torch-free on purpose: the pages and the shell list data sets without paying for torch's import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class DatasetInfo:
    """One data set of the catalog.

    ``shape`` (C, H, W) and ``classes`` are 0 where the user's own files decide. ``likelihood`` is that of p(x|z).
    ``views``, ``model`` and ``train`` hold what differs from the defaults of the configuration models: the settings that
    show content and style come apart **live on a CPU**. ``published`` holds the paper's own setting
    (objectives.md, section 3) under the same three names.
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
            model={"encoder": "convnet", "width": 16},
            train={"batch": 128, "learning_rate": 1e-3},
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
            train={"batch": 128, "learning_rate": 1e-3},
            published=PUBLISHED_INK,
        ),
    )
}
