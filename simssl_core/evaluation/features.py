"""Encode the measured images once; every score of a run is computed from these features alone.

:func:`collect` runs in the process that holds the encoder (the trainer). It returns :class:`Features`: plain NumPy
arrays, which are sent through a pipe to the process that probes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from simssl_core.data.catalog import Dataset
from simssl_core.data.probe_set import MEASUREMENT_SEED, Plan, batches, cloud_views, share_views
from simssl_core.data.types import Factor, Split, Views
from simssl_core.data.view_maker import ViewMaker
from simssl_core.errors import ShapeError

__all__ = ["Features", "Plan", "ProbeViews", "collect", "draw"]

Encode = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Features:
    """The representations that one encoder gives the measured images: float32, with int64 labels (−1: unlabelled).

    Attributes:
        train, test: (N, D) of unaugmented training and held-out images, with ``*_labels`` (N,) and ``*_factors``
            {name: (N,)}, the true factors of the images; ``true_factors`` describes these.
        views: (V, N, D) of V views of N held-out data, with ``view_labels`` (N,) and ``view_factors`` {name: (V, N)},
            the style drawn for each view; ``factors`` describes these.
        map: (M, D) of the map's points: test images, then the instance clouds, in the order of
            ``latent.map_points.map_points``.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    views: np.ndarray
    view_labels: np.ndarray
    map: np.ndarray
    factors: tuple[Factor, ...] = ()
    true_factors: tuple[Factor, ...] = ()
    view_factors: dict[str, np.ndarray] = field(default_factory=dict)
    train_factors: dict[str, np.ndarray] = field(default_factory=dict)
    test_factors: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The width D of the representation."""
        return self.test.shape[1]

    @property
    def nbytes(self) -> int:
        """The size of all arrays in bytes, about what is sent through the pipe."""
        fields = vars(self).values()
        arrays = [value for value in fields if isinstance(value, np.ndarray)]
        nested = [array for value in fields if isinstance(value, dict) for array in value.values()]
        return sum(array.nbytes for array in arrays + nested)


@dataclass(frozen=True)
class ProbeViews:
    """The measured views, drawn once and shared by all members of a race and by all measurements of a training."""

    share: tuple[Views, ...]
    clouds: tuple[Views, ...]

    @property
    def images(self) -> int:
        """The number of images to encode."""
        return sum(views.images.shape[0] * views.images.shape[1] for views in self.share + self.clouds)


def draw(dataset: Dataset, view_maker: ViewMaker, plan: Plan, seed: int = MEASUREMENT_SEED) -> ProbeViews:
    """Draw the views that ``plan`` asks for; the result can be reused in every measurement."""
    return ProbeViews(
        share=tuple(share_views(dataset, view_maker, plan, seed)),
        clouds=tuple(cloud_views(dataset, view_maker, plan, seed)),
    )


@torch.no_grad()
def collect(
    encode: Encode,
    dataset: Dataset,
    view_maker: ViewMaker,
    plan: Plan,
    seed: int = MEASUREMENT_SEED,
    drawn: ProbeViews | None = None,
) -> Features:
    """Encode the images and views that ``plan`` asks for, at most 512 at a time.

    Args:
        encode: (B, C, H, W) float in [0, 1] on the data's device -> (B, D). The caller sets evaluation mode.
        drawn: the result of :func:`draw` for the same arguments; if None, the same views are drawn here.

    Raises:
        ShapeError: ``encode`` does not return one row for each image.
    """
    drawn = drawn or draw(dataset, view_maker, plan, seed)
    train, test = plan.probe_places(dataset.train), plan.probe_places(dataset.test)
    map_places = plan.map_places(dataset.test)
    longest = test if len(test) >= len(map_places) else map_places  # one starts with the other: encode the longer one
    test_rows = _encode_places(encode, view_maker, dataset.test, longest)
    share_rows = [_encode_views(encode, views) for views in drawn.share]
    share_rows = share_rows or [np.zeros((plan.share_views, 0, test_rows.shape[1]), np.float32)]
    clouds = [_datum_major(_encode_views(encode, views)) for views in drawn.clouds]
    return Features(
        train=_encode_places(encode, view_maker, dataset.train, train),
        train_labels=_pick(dataset.train.labels, train),
        train_factors=_factors_at(dataset.train, train),
        test=test_rows[: len(test)],
        test_labels=_pick(dataset.test.labels, test),
        test_factors=_factors_at(dataset.test, test),
        views=np.concatenate(share_rows, axis=1),
        view_labels=np.concatenate([np.zeros(0, np.int64), *(views.labels.cpu().numpy() for views in drawn.share)]),
        view_factors=_join_factors(drawn.share),
        map=np.concatenate([test_rows[: len(map_places)], *clouds]),
        factors=tuple(view_maker.factors),
        true_factors=tuple(dataset.factors),
    )


def _encode_places(encode: Encode, view_maker: ViewMaker, split: Split, places: torch.Tensor) -> np.ndarray:
    """Encode the unaugmented images at ``places`` (N,) of ``split``: (N, D)."""
    device = split.images.device
    return np.concatenate([_encode(encode, view_maker.plain(split, piece.to(device))) for piece in batches(places)])


def _encode_views(encode: Encode, views: Views) -> np.ndarray:
    """Encode views with images (V, B, C, H, W): (V, B, D)."""
    rows = _encode(encode, views.images.flatten(0, 1))
    return rows.reshape(*views.images.shape[:2], -1)


def _datum_major(rows: np.ndarray) -> np.ndarray:
    """Reorder (V, B, D) to (B·V, D): all views of the first datum, then all views of the second, …"""
    return rows.swapaxes(0, 1).reshape(-1, rows.shape[-1])


def _encode(encode: Encode, images: torch.Tensor) -> np.ndarray:
    rows = encode(images)
    if rows.ndim != 2 or len(rows) != len(images):
        raise ShapeError(
            f"the encoder turned {len(images)} images into a tensor of shape {tuple(rows.shape)}; it must be (B, D)"
        )
    return rows.float().cpu().numpy()


def _pick(values: torch.Tensor, places: torch.Tensor) -> np.ndarray:
    return values[places.to(values.device)].cpu().numpy()


def _factors_at(split: Split, places: torch.Tensor) -> dict[str, np.ndarray]:
    return {name: _pick(values, places) for name, values in split.factors.items()}


def _join_factors(batches_of_views: tuple[Views, ...]) -> dict[str, np.ndarray]:
    """Join the factors of all batches: {name: (V, N)}."""
    names = batches_of_views[0].factors if batches_of_views else {}
    return {
        name: np.concatenate([views.factors[name].cpu().numpy() for views in batches_of_views], axis=1)
        for name in names
    }
