"""Encode once, measure often: every number about a run comes from these features and nothing else.

:func:`collect` runs beside the encoder (in the trainer); the :class:`Features` it returns are plain NumPy arrays that
cross a pipe to the process that probes them.
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
    """What one encoder says about the measured images; float32, the labels int64 (−1: unlabelled).

    Attributes:
        train, test: (N, D) of training and held-out images as they are; ``*_labels`` (N,); ``*_factors`` {name: (N,)}
            true factors of the images, described by ``true_factors``.
        views: (V, N, D) of V views of N held-out data, ``view_labels`` (N,); ``view_factors`` {name: (V, N)} what was
            drawn for each (its style), described by ``factors``.
        map: (M, D) of the map's points: test images, then the instance clouds, in the order of
            ``latent.points.map_points``.
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
        """D, the width of the representation."""
        return self.test.shape[1]

    @property
    def nbytes(self) -> int:
        """Size of the arrays: what crosses the pipe."""
        arrays = [v for v in vars(self).values() if isinstance(v, np.ndarray)]
        nested = [a for v in vars(self).values() if isinstance(v, dict) for a in v.values()]
        return sum(a.nbytes for a in arrays + nested)


@dataclass(frozen=True)
class ProbeViews:
    """The views that are measured, drawn once: the members of a race, and every frame, share them."""

    share: tuple[Views, ...]
    clouds: tuple[Views, ...]

    @property
    def images(self) -> int:
        """Images to encode."""
        return sum(v.images.shape[0] * v.images.shape[1] for v in self.share + self.clouds)


def draw(dataset: Dataset, views: ViewMaker, plan: Plan, seed: int = MEASUREMENT_SEED) -> ProbeViews:
    """Draw the views that ``plan`` asks for. Keep the result to spare drawing them at every probe."""
    return ProbeViews(tuple(share_views(dataset, views, plan, seed)), tuple(cloud_views(dataset, views, plan, seed)))


@torch.no_grad()
def collect(
    encode: Encode,
    dataset: Dataset,
    views: ViewMaker,
    plan: Plan,
    seed: int = MEASUREMENT_SEED,
    drawn: ProbeViews | None = None,
) -> Features:
    """Encode what ``plan`` asks for, at most 512 images at a time.

    Args:
        encode: (B, C, H, W) float in [0, 1] on the data's device -> (B, D). Evaluation mode is the caller's to set.
        dataset, views: the data and its ViewMaker.
        drawn: the result of :func:`draw` for the same arguments; drawn anew when None (the same images either way).

    Raises:
        ShapeError: ``encode`` does not return one row for each image.
    """
    drawn = drawn or draw(dataset, views, plan, seed)
    train, test = plan.probe_places(dataset.train), plan.probe_places(dataset.test)
    mapped = plan.map_places(dataset.test)
    longest = test if len(test) >= len(mapped) else mapped  # both begin alike: encode the longer one only
    test_rows = _encode_places(encode, views, dataset.test, longest)
    shared = [_encode_views(encode, v) for v in drawn.share]
    clouds = [_datum_major(_encode_views(encode, v)) for v in drawn.clouds]
    return Features(
        train=_encode_places(encode, views, dataset.train, train),
        train_labels=_pick(dataset.train.labels, train),
        train_factors=_factors_at(dataset.train, train),
        test=test_rows[: len(test)],
        test_labels=_pick(dataset.test.labels, test),
        test_factors=_factors_at(dataset.test, test),
        views=np.concatenate(shared, axis=1)
        if shared
        else np.zeros((plan.share_views, 0, test_rows.shape[1]), np.float32),
        view_labels=np.concatenate([np.zeros(0, np.int64), *(v.labels.cpu().numpy() for v in drawn.share)]),
        view_factors=_join_factors(drawn.share),
        map=np.concatenate([test_rows[: len(mapped)], *clouds]),
        factors=tuple(views.factors),
        true_factors=tuple(dataset.factors),
    )


def _encode_places(encode: Encode, views: ViewMaker, split: Split, places: torch.Tensor) -> np.ndarray:
    device = split.images.device
    return np.concatenate([_encode(encode, views.plain(split, piece.to(device))) for piece in batches(places)])


def _encode_views(encode: Encode, views: Views) -> np.ndarray:
    """(V, B, C, H, W) images -> (V, B, D)."""
    rows = _encode(encode, views.images.flatten(0, 1))
    return rows.reshape(*views.images.shape[:2], -1)


def _datum_major(rows: np.ndarray) -> np.ndarray:
    """(V, B, D) -> (B·V, D): all views of the first datum, then of the second, …"""
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


def _join_factors(drawn: tuple[Views, ...]) -> dict[str, np.ndarray]:
    names = drawn[0].factors if drawn else {}
    return {name: np.concatenate([v.factors[name].cpu().numpy() for v in drawn], axis=1) for name in names}
