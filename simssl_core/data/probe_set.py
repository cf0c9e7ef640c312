"""Which images are measured: the same for every run, frame and page, so that results can be compared.

All functions give positions in a split, in a fixed order. Both the encodings (evaluation) and the pictures of the map
(latent) follow this order, so a point of the map always has the right picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from simssl_core.data.types import Split, Views

if TYPE_CHECKING:
    from simssl_core.data.catalog import Dataset
    from simssl_core.data.view_maker import ViewMaker

# Determines the views of the measured images, the layout of the map and the training images that a study holds out, so
# that every run, frame, page and cell is measured on the same images.
MEASUREMENT_SEED = 0
BATCH = 512  # images encoded or drawn at a time; it bounds the memory on a small machine


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        probe_images: number of training images that a probe learns from, and of test images that it is tested on.
        map_points: number of test images in the map (the first of the probed ones).
        clouds: number of data that the map shows as an instance cloud.
        cloud_views: views in each cloud.
        share_data: number of test data whose views give the style probe, the style share and the alignment.
        share_views: views of each of these data.
        full: include what is too slow during training: MLP and Euclidean probes, clustering, mutual information.
    """

    probe_images: int = 1_000
    map_points: int = 1_000
    clouds: int = 16
    cloud_views: int = 16
    share_data: int = 256
    share_views: int = 4
    full: bool = False

    def probe_places(self, split: Split) -> torch.Tensor:
        """Positions (n,) of the probed images."""
        return fixed_places(len(split), self.probe_images)

    def map_places(self, split: Split) -> torch.Tensor:
        """Positions (n,) of the test images in the map."""
        return fixed_places(len(split), self.map_points)

    def share_places(self, split: Split) -> torch.Tensor:
        """Positions (n,) of the test data whose views are drawn."""
        return fixed_places(len(split), self.share_data)

    def cloud_places(self, split: Split) -> torch.Tensor:
        """Positions (clouds,) of the data shown as instance clouds: one of each class, then a second of each, …"""
        places = self.map_places(split)
        labels = split.labels[places.to(split.labels.device)].cpu()
        turn = torch.zeros(len(labels), dtype=torch.int64)
        for label in labels.unique():
            of_class = labels == label
            turn[of_class] = torch.arange(int(of_class.sum()))
        order = torch.argsort(turn * (int(labels.max()) + 2) + labels, stable=True) if len(labels) else turn
        return places[order[: self.clouds]]


def fixed_places(size: int, count: int) -> torch.Tensor:
    """The first ``count`` entries of one fixed shuffle of ``0..size-1``, int64 on the CPU.

    It is shuffled because a folder of images is sorted by class, and fixed and nested because the images of the map are
    among the probed ones and must be the same in every frame.
    """
    generator = torch.Generator().manual_seed(size)
    return torch.randperm(size, generator=generator)[:count]


def batches(places: torch.Tensor, size: int = BATCH) -> Iterator[torch.Tensor]:
    """``places`` in batches of at most ``size``; no batch if there are no places."""
    yield from (batch for batch in places.split(size) if len(batch))


def draw_views(dataset: Dataset, view_maker: ViewMaker, places: torch.Tensor, count: int, seed: int) -> Iterator[Views]:
    """``count`` views of each of the test data at ``places``, in batches of at most :data:`BATCH` images.

    They come from a separate generator on the data's device, so they are the same for every run and frame and do not
    change the random numbers of the training.
    """
    device = dataset.test.images.device
    generator = torch.Generator(device=device).manual_seed(seed)
    for batch in batches(places, max(1, BATCH // count)):
        yield view_maker(dataset.test, batch.to(device), generator, count=count)


def cloud_views(dataset: Dataset, view_maker: ViewMaker, plan: Plan, seed: int) -> Iterator[Views]:
    """The views in the instance clouds; their seed differs from that of :func:`share_views`."""
    return draw_views(dataset, view_maker, plan.cloud_places(dataset.test), plan.cloud_views, 2 * seed + 1)


def share_views(dataset: Dataset, view_maker: ViewMaker, plan: Plan, seed: int) -> Iterator[Views]:
    """The views on which style is measured."""
    return draw_views(dataset, view_maker, plan.share_places(dataset.test), plan.share_views, 2 * seed)
