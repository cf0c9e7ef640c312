"""The description of a data set before it is loaded, and the registry of all data sets. Does not import torch.

To add a data set, put a file into this folder that ends with ``register(DatasetInfo(...))``. The form, the command
line, the pages and the tests then include it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simssl_core.config import SPRITE_FACTORS, DataConfig, check_name
from simssl_core.errors import DataError

if TYPE_CHECKING:  # only loading and drawing import torch
    import torch

    from simssl_core.data.datasets.base import LoadedData
    from simssl_core.data.types import Factor


@dataclass(frozen=True)
class Drawing:
    """The functions that draw images from their ``factors``, whose values are float32 tensors (N,) by name.

    ``draw(count, generator, factors)`` draws random values of the given factors. ``render(values)`` makes images,
    float32 (N, C, H, W) in [0, 1]. ``describe(values, names)`` writes a caption for each image that describes the
    factors in ``names``; it is needed only if the data set has captions.
    """

    factors: tuple[Factor, ...]
    draw: Callable[[int, torch.Generator, Sequence[Factor]], dict[str, torch.Tensor]]
    render: Callable[[dict[str, torch.Tensor]], torch.Tensor]
    describe: Callable[[dict[str, torch.Tensor], Sequence[str]], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class DatasetInfo:
    """The description of one data set.

    ``load(config, device)`` returns the two splits. ``shape`` is (C, H, W), zeros if it depends on the user's own
    files. ``class_names`` are in the order of the labels; if the files contain the names, ``class_count`` gives their
    number (0: it depends on the user's own files). ``likelihood`` is that of p(x|z). ``source``: the images are
    "made here" (without a download), the user's "own files", or "published". Data sets are listed by ``order``, then by
    name, and the user's own files come last.

    ``views``, ``model`` and ``train`` hold the differences from the defaults of the configuration models: settings with
    which content and style separate visibly **live on a CPU**. ``published`` holds the paper's own settings under the
    same three names.

    ``drawing`` is set for procedural data; it imports and returns the functions that draw an image again for each view.
    ``factors`` then names all factors of an image (as in ``views.shared``), ``content`` is the factor that is the class
    label, and ``caption_words(factors)`` gives the words of captions that describe these factors.

    ``simple``: small grey images of one object each, for which the paper claims more. ``digit_margin``: the images are
    cropped and centred digits, with this share of the side left empty at each edge.
    """

    name: str
    title: str
    description: str
    shape: tuple[int, int, int]
    load: Callable[[DataConfig, str], LoadedData]
    class_names: tuple[str, ...] = ()
    class_count: int = 0
    likelihood: Literal["bernoulli", "gaussian"] = "gaussian"
    source: Literal["made here", "own files", "published"] = "published"
    order: int = 100
    views: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drawing: Callable[[], Drawing] | None = None
    factors: tuple[str, ...] = ()
    content: str = ""
    caption_words: Callable[[Sequence[str]], tuple[str, ...]] | None = None
    simple: bool = False
    digit_margin: float | None = None

    @property
    def classes(self) -> int:
        """The number of classes; 0 if it is known only after loading."""
        return len(self.class_names) or self.class_count

    @property
    def procedural(self) -> bool:
        """Whether views are drawn again from factors instead of augmented from an image."""
        return self.drawing is not None

    @property
    def made_here(self) -> bool:
        """Whether the images need no download, so their exact pixels are always available."""
        return self.source == "made here"

    @property
    def own_files(self) -> bool:
        """Whether the images are the user's own, at ``config.path``."""
        return self.source == "own files"


REGISTERED: dict[str, DatasetInfo] = {}


def register(info: DatasetInfo) -> DatasetInfo:
    """Add a data set to the catalog, replacing one of the same name, and return it.

    Raises:
        DataError: its name is not a valid folder name, or ``views.shared`` does not know one of its factors.
    """
    try:
        check_name(info.name)
    except ValueError as error:
        raise DataError(f"This data set cannot be registered: {error}.") from error
    unknown = sorted(set(info.factors) - set(SPRITE_FACTORS))
    if unknown:
        raise DataError(
            f"Data set '{info.name}' is drawn from {', '.join(unknown)}, which the setting views.shared does not know. "
            f"Use these names for its factors: {', '.join(SPRITE_FACTORS)}."
        )
    REGISTERED[info.name] = info
    return info


# Settings that several data sets share; the published ones are from Bizeul et al. 2024.
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
PUBLISHED_COLOUR = {"views": COLOUR_VIEWS, "model": {"encoder": "resnet18", "width": 64}, "train": PUBLISHED_TRAIN}
