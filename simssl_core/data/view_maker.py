"""Make J views of a batch of data on the device: photographs are augmented, sprites are drawn again.

Every view comes with the factors that produced it; they are the style labels for the probes.
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

BLOCK_PIXELS = 2**17  # pixels of each channel that a CPU processes at a time


def make_views(dataset: Dataset, config: ViewConfig) -> ViewMaker:
    """The view maker of a data set: :class:`DrawnViews` for procedural data, otherwise :class:`AugmentedViews`."""
    view_maker = DrawnViews if dataset.info.procedural else AugmentedViews
    return view_maker(dataset, config)


class ViewMaker(ABC):
    """Makes views of the data in a split. ``factors`` describes the style factors of its views."""

    def __init__(self, dataset: Dataset, config: ViewConfig, factors: tuple[Factor, ...]):
        self.config = config
        self.factors = factors
        self.vocabulary = dataset.vocabulary
        self._tokens: dict[int, tuple[Split, torch.Tensor]] = {}

    def __call__(
        self, split: Split, index: torch.Tensor, generator: torch.Generator, count: int | None = None
    ) -> Views:
        """Make ``count`` (default: ``config.count``) views of each of the data ``index`` (B,).

        All random numbers come from ``generator``, which must be on the split's device: the same state gives the same
        views. Images are float32 (J, B, C, H, W) in [0, 1], factors float32 (J, B).
        """
        count, data = count or self.config.count, len(index)
        images, factors = self._make(split, index.repeat(count), generator)
        return Views(
            images=self._finish(images, generator).view(count, data, *images.shape[1:]),
            factors={name: values.view(count, data) for name, values in factors.items()},
            index=index,
            labels=split.labels[index],
            tokens=self.tokens(split, index),
        )

    def plain(self, split: Split, index: torch.Tensor) -> torch.Tensor:
        """The unchanged images: float32 (B, C, H, W) in [0, 1], binarised if the views are."""
        images = split.images[index].float().div_(255)
        return images.round_() if self.config.binarise else images

    @abstractmethod
    def _make(
        self, split: Split, index: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """One view of each of the data ``index`` (N,): images float32 (N, C, H, W) and factors (N,) by name."""

    def _finish(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Add noise and binarise, as far as the configuration asks for either."""
        if self.config.noise:
            noise = torch.randn(images.shape, generator=generator, device=images.device)
            images = images.add_(noise, alpha=self.config.noise).clamp_(0, 1)
        return images.round_() if self.config.binarise else images

    def tokens(self, split: Split, index: torch.Tensor) -> torch.Tensor | None:
        """Captions of the data ``index`` (B,) as int64 (B, T), padded with 0; None if the split has no captions."""
        if not split.captions:
            return None
        if id(split) not in self._tokens:  # the split is stored too, so that no other object can get its id
            tokens = captions.tokenize(self._captions(split), self.vocabulary).to(split.images.device)
            self._tokens[id(split)] = (split, tokens)
        _, tokens = self._tokens[id(split)]
        return tokens[index]

    def _captions(self, split: Split) -> tuple[str, ...]:
        return split.captions


class DrawnViews(ViewMaker):
    """Views that are drawn again: factors in ``config.shared`` stay those of the datum, all others are drawn at random.

    Crops, flips and colour settings do not apply (noise and binarisation do). A caption describes only the shared
    factors, since a word about a factor that was drawn again would be wrong for the view.
    """

    def __init__(self, dataset: Dataset, config: ViewConfig):
        self.drawing = dataset.info.drawing()
        style = tuple(factor for factor in self.drawing.factors if factor.name not in config.shared)
        super().__init__(dataset, config, style)

    def _make(
        self, split: Split, index: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        drawn = self.drawing.draw(len(index), generator, self.factors)
        shared = {name: split.factors[name][index] for name in self.config.shared}
        return self.drawing.render({**shared, **drawn}), drawn

    def _captions(self, split: Split) -> tuple[str, ...]:
        return self.drawing.describe(split.factors, self.config.shared)


class AugmentedViews(ViewMaker):
    """Augmented photographs: crop, flip, rotation, brightness, contrast, saturation, hue, greyscale, noise and
    binarisation, in this order (torchvision's ColorJitter shuffles its four; here the order is fixed).

    The position of a crop is given as it appears in the view, so its sign changes when the view is mirrored. Its
    position in the unmirrored image could not be predicted from the view alone: a linear probe would reach an R² of 0
    instead of .8.

    All random numbers are drawn for all views at once. The augmentations are then applied block by block: a block stays
    in the CPU's cache, which makes the colour changes four times as fast. A GPU processes everything in one block.
    """

    def __init__(self, dataset: Dataset, config: ViewConfig):
        super().__init__(dataset, config, augmentation_factors(config, dataset.shape))
        self.crops = config.crop_min < 1
        varied = {factor.name for factor in self.factors}
        self.colours = [name for name in ("brightness", "contrast", "saturation", "hue") if name in varied]

    def _make(
        self, split: Split, index: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        shape = split.images.shape[1:]
        drawn, box = self._draw(len(index), shape, generator)
        images = torch.empty(len(index), *shape, device=split.images.device)
        on_cpu = images.device.type == "cpu"
        block = max(1, BLOCK_PIXELS // (shape[1] * shape[2])) if on_cpu else len(index)
        for start in range(0, len(index), block):
            rows = slice(start, start + block)
            part = {name: values[rows] for name, values in drawn.items()}
            images[rows] = self._apply(split.images[index[rows]], part, None if box is None else box[rows])
        return images, {factor.name: drawn[factor.name] for factor in self.factors}

    def _draw(
        self, count: int, shape: Sequence[int], generator: torch.Generator
    ) -> tuple[dict[str, torch.Tensor], crops.Box | None]:
        """The random parameters of ``count`` views: (N,) by name, and the crop windows (None without crops)."""
        c, h, w = shape
        config = self.config
        drawn: dict[str, torch.Tensor] = {}
        box = None
        if self.crops:
            area, ratio = (config.crop_min, config.crop_max), (crops.NARROWEST, config.ratio)
            box = crops.draw_boxes(count, h, w, area, ratio, generator)
            drawn["crop_x"], drawn["crop_y"] = crops.centre(box, h, w)
            drawn["crop_size"] = (box.height * box.width / (h * w)).sqrt_()
            drawn["aspect"] = (box.width / box.height).log_()
        for name in ("hflip", "vflip", "greyscale") if c == 3 else ("hflip", "vflip"):
            if getattr(config, name):
                drawn[name] = (_uniform(count, generator) < getattr(config, name)).float()
        for position, flip in (("crop_x", "hflip"), ("crop_y", "vflip")):
            if position in drawn and flip in drawn:
                drawn[position] = drawn[position] * (1 - 2 * drawn[flip])
        if config.rotation:
            largest = math.radians(config.rotation)
            drawn["rotation"] = _uniform(count, generator, -largest, largest)
        for name in self.colours:
            span, middle = getattr(config, name), 0 if name == "hue" else 1
            drawn[name] = _uniform(count, generator, middle - span, middle + span)
        return drawn, box

    def _apply(self, images: torch.Tensor, drawn: dict[str, torch.Tensor], box: crops.Box | None) -> torch.Tensor:
        """Apply the drawn parameters to uint8 images (N, C, H, W); returns float32 of the same shape."""
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
    """The style factors that vary under ``config`` for images of ``shape`` (C, H, W), with their ranges."""
    factors: list[Factor] = []
    if config.crop_min < 1:
        widest = 1 - math.sqrt(config.crop_min * crops.NARROWEST)
        tallest = 1 - math.sqrt(config.crop_min / config.ratio)
        factors += [
            Factor("crop_x", "continuous", -widest, widest),
            Factor("crop_y", "continuous", -tallest, tallest),
            Factor("crop_size", "continuous", math.sqrt(config.crop_min), math.sqrt(config.crop_max)),
            Factor("aspect", "continuous", math.log(crops.NARROWEST), math.log(config.ratio)),
        ]
    factors += [
        Factor(name, "discrete", 0, 1, ("no", "yes")) for name in ("hflip", "vflip") if 0 < getattr(config, name) < 1
    ]
    if config.rotation:
        largest = math.radians(config.rotation)
        # Only a full turn wraps; a smaller angle is a single number (its cosine would hardly vary).
        kind = "circular" if config.rotation == 180 else "continuous"
        factors.append(Factor("rotation", kind, -largest, largest))
    factors += [
        Factor(name, "continuous", 1 - span, 1 + span)
        for name, span in (("brightness", config.brightness), ("contrast", config.contrast))
        if span
    ]
    if shape[0] == 3:
        if config.saturation:
            factors.append(Factor("saturation", "continuous", 1 - config.saturation, 1 + config.saturation))
        if config.hue:
            factors.append(Factor("hue", "continuous", -config.hue, config.hue))
        if 0 < config.greyscale < 1:
            factors.append(Factor("greyscale", "discrete", 0, 1, ("no", "yes")))
    return tuple(factors)
