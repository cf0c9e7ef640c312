"""What is timed: the paper's two settings, on the real images if this machine has them, otherwise on random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from simssl_core.config import DataConfig, RunConfig, parse
from simssl_core.data import catalog
from simssl_core.data.types import Split
from simssl_core.errors import DataError
from simssl_core.runtime.environment import cores

ENDLESS = 10_000_000  # steps: the timer decides when to stop
IMAGES = 5_000  # training images: far more than a cache holds, few enough to load quickly
CLASSES = 10


@dataclass(frozen=True)
class Workload:
    """A configuration with its data on a device; ``real`` is False if the images are random ones."""

    config: RunConfig
    dataset: catalog.Dataset
    real: bool

    @property
    def batch(self) -> int:
        """Data per step."""
        return self.config.train.batch

    @property
    def views(self) -> int:
        """Images per step: data × views."""
        return self.batch * self.config.views.count


def published(name: str, device: str = "cpu", images: int = IMAGES, **train: Any) -> Workload:
    """SimVAE under the paper's setting for ``name`` (mnist or cifar10).

    ``train`` replaces settings of the training; a mapping ``model`` among them replaces settings of the model.
    """
    settings = catalog.info(name).published
    values = {
        "name": "bench",
        "data": {"name": name, "train": images, "test": min(images, 2_000)},
        "views": settings["views"],
        "model": {**settings["model"], **train.pop("model", {})},
        "train": {**settings["train"], "steps": ENDLESS, "threads": cores(), **train},
        "members": ("simvae",),
    }
    config = parse(RunConfig, values, f"bench {name}")
    dataset, real = load(config.data, device)
    return Workload(config, dataset, real)


def load(config: DataConfig, device: str) -> tuple[catalog.Dataset, bool]:
    """The data set and True, or random images of its shape and False if its files are not on this machine."""
    try:
        return catalog.load(config, device), True
    except DataError:
        return made_up(config, device), False


def made_up(config: DataConfig, device: str) -> catalog.Dataset:
    """Random images of the data set's shape; no speed measured here depends on what an image shows."""
    info = catalog.info(config.name)
    generator = torch.Generator().manual_seed(config.seed)

    def split(count: int) -> Split:
        images = torch.randint(0, 256, (count, *info.shape), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, CLASSES, (count,), generator=generator)
        return Split(images.to(device), labels.to(device))

    return catalog.Dataset(
        config=config,
        info=info,
        train=split(config.train),
        test=split(config.test),
        classes=tuple(str(i) for i in range(CLASSES)),
        factors=(),
        shape=tuple(info.shape),
        likelihood=info.likelihood,
    )
