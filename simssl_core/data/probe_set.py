"""Which images are measured: the same ones for every run, every frame and every page, so that figures can be compared.

Everything here is an order of places in a split. Both what is encoded (evaluation) and what is drawn (latent) are made
from it, so that a point of the map and its picture can never part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from simssl_core.data.types import Split, Views

# Fixes which views of the measured images are drawn, how their map is laid out and which training images a study holds
# out, so that every run, frame, page and cell is measured on the same.
MEASUREMENT_SEED = 0
BATCH = 512  # images encoded or drawn at a time: bounds the memory on a small machine


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        probe_images: training images that a probe learns from, and as many test images that it is tested on.
        map_points: test images in the map (the first of those that are probed).
        clouds: data of which the map shows an instance cloud.
        cloud_views: views in each cloud.
        share_data: test data of which views are drawn, for the style probe, the style share and the alignment.
        share_views: views of each of those.
        full: also what is too slow to follow a training: MLP and Euclidean probes, clustering, mutual information.
    """

    probe_images: int = 1_000
    map_points: int = 1_000
    clouds: int = 16
    cloud_views: int = 16
    share_data: int = 256
    share_views: int = 4
    full: bool = False

    def probe_places(self, split: Split) -> torch.Tensor:
        """Places (n,) of the images that are probed."""
        return fixed_places(len(split), self.probe_images)

    def map_places(self, split: Split) -> torch.Tensor:
        """Places (n,) of the test images in the map."""
        return fixed_places(len(split), self.map_points)

    def share_places(self, split: Split) -> torch.Tensor:
        """Places (n,) of the test data whose views are drawn."""
        return fixed_places(len(split), self.share_data)

    def cloud_places(self, split: Split) -> torch.Tensor:
        """Places (clouds,) of the data shown as instance clouds: one of each class in turn, then a second of each, …"""
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

    Shuffled, since a folder of images is sorted by class; fixed and nested, since the map's images are among the probed
    ones and must be the same in every frame.
    """
    generator = torch.Generator().manual_seed(size)
    return torch.randperm(size, generator=generator)[:count]


def batches(places: torch.Tensor, size: int = BATCH) -> Iterator[torch.Tensor]:
    """``places`` in pieces of at most ``size``; nothing for no places."""
    yield from (piece for piece in places.split(size) if len(piece))


def draw_views(dataset, views, places: torch.Tensor, count: int, seed: int) -> Iterator[Views]:
    """``count`` views of each of the test data at ``places``, in batches of at most :data:`BATCH` images.

    Drawn with a generator of their own on the data's device: the same for every run and frame, and training's own
    random numbers are left alone.
    """
    device = dataset.test.images.device
    generator = torch.Generator(device=device).manual_seed(seed)
    for piece in batches(places, max(1, BATCH // count)):
        yield views(dataset.test, piece.to(device), generator, count=count)


def cloud_views(dataset, views, plan: Plan, seed: int) -> Iterator[Views]:
    """The views of the instance clouds; seeded apart from :func:`share_views`."""
    return draw_views(dataset, views, plan.cloud_places(dataset.test), plan.cloud_views, 2 * seed + 1)


def share_views(dataset, views, plan: Plan, seed: int) -> Iterator[Views]:
    """The views that style is measured on."""
    return draw_views(dataset, views, plan.share_places(dataset.test), plan.share_views, 2 * seed)
