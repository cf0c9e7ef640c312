"""J views of a batch of data, made on the device: photographs are augmented, sprites are drawn again.

Every view comes with the factors that made it: the style labels that the probes read.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch

from simssl_core.config import ViewConfig
from simssl_core.data import captions, colour, crops
from simssl_core.data.catalog import Dataset
from simssl_core.data.types import Factor, Split, Views

BLOCK_PIXELS = 2**17  # pixels of each channel that a CPU works on at a time


def make_views(dataset: Dataset, config: ViewConfig) -> ViewMaker:
    """The maker of a data set's views: :class:`DrawnViews` for procedural data, :class:`AugmentedViews` otherwise."""
    return (DrawnViews if dataset.info.procedural else AugmentedViews)(dataset, config)


class ViewMaker(ABC):
    """Makes views of rows of a split. ``factors`` are the style factors that its views carry."""

    def __init__(self, dataset: Dataset, config: ViewConfig, factors: tuple[Factor, ...]):
        self.config = config
        self.factors = factors
        self.vocabulary = dataset.vocabulary
        self._tokens: dict[int, tuple[Split, torch.Tensor]] = {}

    def __call__(
        self, split: Split, index: torch.Tensor, generator: torch.Generator, count: int | None = None
    ) -> Views:
        """Views of the data ``index`` (B,), ``count`` (default: the configuration's J) of each.

        Every random number comes from ``generator``, which must be on the split's device: the same state gives the same
        views. Images are float32 (J, B, C, H, W) in [0, 1], factors float32 (J, B).
        """
        views, data = count or self.config.count, len(index)
        images, factors = self._make(split, index.repeat(views), generator)
        return Views(
            images=self._finish(images, generator).view(views, data, *images.shape[1:]),
            factors={name: values.view(views, data) for name, values in factors.items()},
            index=index,
            labels=split.labels[index],
            tokens=self.tokens(split, index),
        )

    def plain(self, split: Split, index: torch.Tensor) -> torch.Tensor:
        """The images as they are: float32 (B, C, H, W) in [0, 1], black or white where the views are binarised."""
        images = split.images[index].float().div_(255)
        return images.round_() if self.config.binarise else images

    @abstractmethod
    def _make(self, split: Split, index: torch.Tensor, generator: torch.Generator):
        """One view of each of ``index`` (N,): images float32 (N, C, H, W) and the factors (N,) by name."""

    def _finish(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if self.config.noise:
            noise = torch.randn(images.shape, generator=generator, device=images.device)
            images = images.add_(noise, alpha=self.config.noise).clamp_(0, 1)
        return images.round_() if self.config.binarise else images

    def tokens(self, split: Split, index: torch.Tensor) -> torch.Tensor | None:
        """Captions of the data ``index`` (B,) as int64 (B, T), 0 where a caption has ended; None without captions."""
        if not split.captions:
            return None
        if id(split) not in self._tokens:  # the split is kept beside its tokens, so its id stays its own
            tokens = captions.tokenize(self._captions(split), self.vocabulary).to(split.images.device)
            self._tokens[id(split)] = (split, tokens)
        return self._tokens[id(split)][1][index]

    def _captions(self, split: Split) -> tuple[str, ...]:
        return split.captions


class DrawnViews(ViewMaker):
    """Images drawn again: the factors in ``config.shared`` are the datum's own, all others are drawn afresh.

    Crops, flips and colour settings do not apply (noise and binarisation do). A view's caption tells only what its
    datum's views share: a word about a factor that was drawn again would be wrong for the picture beside it.
    """

    def __init__(self, dataset: Dataset, config: ViewConfig):
        self.drawing = dataset.info.drawing()
        super().__init__(dataset, config, tuple(f for f in self.drawing.factors if f.name not in config.shared))

    def _make(self, split, index, generator):
        drawn = self.drawing.draw(len(index), generator, self.factors)
        kept = {name: split.factors[name][index] for name in self.config.shared}
        return self.drawing.render({**kept, **drawn}), drawn

    def _captions(self, split):
        return self.drawing.describe(split.factors, self.config.shared)


class AugmentedViews(ViewMaker):
    """Photographs augmented: crop, mirror, turn, brightness, contrast, saturation, hue, greyscale, noise, binarisation,
    in this order (torchvision's ColorJitter shuffles its four; here the order is fixed).

    Where a crop lies is told as the view shows it, so its sign turns with a mirrored view: on the unmirrored image it
    would be a coin toss for whoever sees the view alone (a linear probe then reads R² 0 where .8 is there to read).

    First everything is drawn for all views at once, then it is done to them block by block: a block stays in the CPU's
    cache, which makes the colours four times as fast. A GPU takes all in one block.
    """

    def __init__(self, dataset: Dataset, config: ViewConfig):
        super().__init__(dataset, config, augmentation_factors(config, dataset.shape))
        self.crops = config.crop_min < 1
        self.colours = [
            n for n in ("brightness", "contrast", "saturation", "hue") if n in {f.name for f in self.factors}
        ]

    def _make(self, split, index, generator):
        shape = split.images.shape[1:]
        drawn, box = self._draw(len(index), shape, generator)
        images = torch.empty(len(index), *shape, device=split.images.device)
        cpu = images.device.type == "cpu"
        block = max(1, BLOCK_PIXELS // (shape[1] * shape[2])) if cpu else len(index)
        for start in range(0, len(index), block):
            rows = slice(start, start + block)
            part = {name: values[rows] for name, values in drawn.items()}
            images[rows] = self._apply(split.images[index[rows]], part, box and box[rows])
        return images, {factor.name: drawn[factor.name] for factor in self.factors}

    def _draw(self, n: int, shape: Sequence[int], generator: torch.Generator):
        """Everything random about N views: (N,) by name, and the windows (None if nothing is cut)."""
        (c, h, w), config, drawn, box = shape, self.config, {}, None
        if self.crops:
            area, ratio = (config.crop_min, config.crop_max), (crops.NARROWEST, config.ratio)
            box = crops.draw_boxes(n, h, w, area, ratio, generator)
            drawn["crop_x"], drawn["crop_y"] = crops.centre(box, h, w)
            drawn["crop_size"] = (box.height * box.width / (h * w)).sqrt_()
            drawn["aspect"] = (box.width / box.height).log_()
        for name in ("hflip", "vflip", "greyscale") if c == 3 else ("hflip", "vflip"):
            if getattr(config, name):
                drawn[name] = (_uniform(n, generator) < getattr(config, name)).float()
        for place, mirrored in (("crop_x", "hflip"), ("crop_y", "vflip")):
            if place in drawn and mirrored in drawn:
                drawn[place] = drawn[place] * (1 - 2 * drawn[mirrored])
        if config.rotation:
            largest = math.radians(config.rotation)
            drawn["rotation"] = _uniform(n, generator, -largest, largest)
        for name in self.colours:
            span, middle = getattr(config, name), 0 if name == "hue" else 1
            drawn[name] = _uniform(n, generator, middle - span, middle + span)
        return drawn, box

    def _apply(self, images: torch.Tensor, drawn: dict[str, torch.Tensor], box: crops.Box | None) -> torch.Tensor:
        """Do what was drawn to uint8 images (N, C, H, W); float32 of the same shape."""
        hflip, vflip, angle = drawn.get("hflip"), drawn.get("vflip"), drawn.get("rotation")
        images = images.float().div_(255)
        if box is None and (hflip is not None or vflip is not None or angle is not None):
            box = crops.whole(*images.shape[::2], images.shape[3], images.device)
        if angle is not None:
            images = crops.crop_and_rotate(images, box, angle, hflip, vflip)
        elif box is not None:
            images = crops.crop(images, box, hflip, vflip)
        for name in self.colours:
            images = getattr(colour, name)(images, drawn[name])
        return colour.drop_colour(images, drawn["greyscale"]) if "greyscale" in drawn else images


def _uniform(count: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    return torch.rand(count, generator=generator, device=generator.device).mul_(high - low).add_(low)


def augmentation_factors(config: ViewConfig, shape: tuple[int, int, int]) -> tuple[Factor, ...]:
    """The style factors that ``config`` makes vary for images of ``shape`` (C, H, W), with the ranges they can take."""
    found: list[Factor] = []
    if config.crop_min < 1:
        widest = 1 - math.sqrt(config.crop_min * crops.NARROWEST)
        tallest = 1 - math.sqrt(config.crop_min / config.ratio)
        found += [
            Factor("crop_x", "continuous", -widest, widest),
            Factor("crop_y", "continuous", -tallest, tallest),
            Factor("crop_size", "continuous", math.sqrt(config.crop_min), math.sqrt(config.crop_max)),
            Factor("aspect", "continuous", math.log(crops.NARROWEST), math.log(config.ratio)),
        ]
    found += [
        Factor(name, "discrete", 0, 1, ("no", "yes")) for name in ("hflip", "vflip") if 0 < getattr(config, name) < 1
    ]
    if config.rotation:
        largest = math.radians(config.rotation)
        # Only a full turn wraps; a smaller angle is one number (its cosine alone would hardly vary).
        kind = "circular" if config.rotation == 180 else "continuous"
        found.append(Factor("rotation", kind, -largest, largest))
    found += [
        Factor(name, "continuous", 1 - span, 1 + span)
        for name, span in (("brightness", config.brightness), ("contrast", config.contrast))
        if span
    ]
    if shape[0] == 3:
        if config.saturation:
            found.append(Factor("saturation", "continuous", 1 - config.saturation, 1 + config.saturation))
        if config.hue:
            found.append(Factor("hue", "continuous", -config.hue, config.hue))
        if 0 < config.greyscale < 1:
            found.append(Factor("greyscale", "discrete", 0, 1, ("no", "yes")))
    return tuple(found)
