"""What a data set says of itself before it is loaded, and the register of those there are. Torch-free.

To add one: a file in this folder that ends with ``register(DatasetInfo(...))``. Form, shell, pages and tests find it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simssl_core.config import SPRITE_FACTORS, DataConfig, check_name
from simssl_core.errors import DataError

if TYPE_CHECKING:  # torch is imported by whatever loads or draws
    import torch

    from simssl_core.data.datasets.base import LoadedData
    from simssl_core.data.types import Factor


@dataclass(frozen=True)
class Drawing:
    """How images are drawn from their ``factors``, whose values are float32 tensors (N,) by name.

    ``draw(count, generator, factors)`` draws values of some of the factors; ``render(values)`` makes images float32
    (N, C, H, W) in [0, 1]; ``describe(values, names)`` writes a caption for each image that tells the factors in
    ``names`` (needed only where the data set has captions).
    """

    factors: tuple[Factor, ...]
    draw: Callable[[int, torch.Generator, Sequence[Factor]], dict[str, torch.Tensor]]
    render: Callable[[dict[str, torch.Tensor]], torch.Tensor]
    describe: Callable[[dict[str, torch.Tensor], Sequence[str]], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class DatasetInfo:
    """One data set.

    ``load`` reads (config, device) into two splits. ``shape`` is (C, H, W), zeros where the user's own files decide.
    ``class_names`` are in the order of the labels; where the files hold them, ``class_count`` says how many there are
    (0: the user's own files decide). ``likelihood`` is that of p(x|z). ``source``: the images are "made here" (without
    any download), the user's "own files", or "published". Data sets are listed by ``order``, those of one order by
    name, and one's own files last.

    ``views``, ``model`` and ``train`` hold what differs from the defaults of the configuration models: the settings
    that show content and style come apart **live on a CPU**. ``published`` holds the paper's own setting under the same
    three names.

    ``drawing`` imports what draws the images again for each view. Then ``factors`` names all that an image is made of
    (names that ``views.shared`` has), of which views share some; ``content`` is the one that is the class label;
    ``caption_words`` gives the words of captions that tell the factors it is given.

    ``simple``: small grey images of one thing each, for which the paper claims more. ``digit_margin``: the images are
    digits cut out and centred, with this share of the side left empty on each side.
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
        """The number of classes; 0 where it is known only once the data are loaded."""
        return len(self.class_names) or self.class_count

    @property
    def procedural(self) -> bool:
        """Whether views are drawn again from factors, rather than made by augmenting an image."""
        return self.drawing is not None

    @property
    def made_here(self) -> bool:
        """Whether the images need no download: their exact pixels are always at hand."""
        return self.source == "made here"

    @property
    def own_files(self) -> bool:
        """Whether the images are the user's, at the configuration's ``path``."""
        return self.source == "own files"


REGISTERED: dict[str, DatasetInfo] = {}


def register(info: DatasetInfo) -> DatasetInfo:
    """Make a data set known by its name (a later one of the same name replaces it), and return it.

    Raises:
        DataError: its name cannot be a folder's, or it is drawn from factors that views cannot share.
    """
    try:
        check_name(info.name)
    except ValueError as error:
        raise DataError(f"This data set cannot be registered: {error}.") from error
    foreign = sorted(set(info.factors) - set(SPRITE_FACTORS))
    if foreign:
        raise DataError(
            f"Data set '{info.name}' is drawn from {', '.join(foreign)}, which the setting views.shared does not know. "
            f"Call its factors by these names: {', '.join(SPRITE_FACTORS)}."
        )
    REGISTERED[info.name] = info
    return info


# Settings that several data sets share; the published ones are those of Bizeul et al. 2024.
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
