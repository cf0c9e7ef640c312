"""Projections of features to a map: UMAP whose frames change smoothly during a training, and PCA, which is fast."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from simssl_core.data.probe_set import MEASUREMENT_SEED
from simssl_core.errors import ShapeError

FIRST_EPOCHS = 200
WARM_EPOCHS, WARM_RATE = 50, 0.3  # the smoothest setting measured that keeps neighbourhoods intact
FEWEST_POINTS = 20  # with fewer, a neighbourhood graph is meaningless


class Projector:
    """Projects features (N, D) to float32 (N, 2) or (N, 3); the same seed and input give the same layout.

    ``previous`` is the last layout of the same points: the new layout starts from it and is aligned to it. A previous
    layout of another shape, or with all points in one place, is ignored. ``fallback`` is the reason why the last UMAP
    layout is a PCA instead, or None.
    """

    def __init__(self, seed: int = MEASUREMENT_SEED, neighbours: int = 15):
        self.seed, self.neighbours = seed, neighbours
        self.fallback: str | None = None

    def umap(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """Return a UMAP layout (N, 2): 200 epochs from the PCA, or 50 with a low learning rate from ``previous``.

        Raises:
            ShapeError: the features are not (N, D), or not finite.
        """
        return self._umap(checked(features), previous, 2)

    def umap3(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """Return a UMAP layout (N, 3), as :meth:`umap` does."""
        return self._umap(checked(features), previous, 3)

    def pca(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """Return the first three principal components (N, 3) in the units of the features, aligned to ``previous``.

        Without ``previous`` the largest entry of each axis is positive.
        """
        scores = principal_scores(checked(features), 3)
        return aligned(scores, previous) if fits(previous, *scores.shape) else scores

    def warm_up(self) -> None:
        """Import and compile UMAP, once per process (import 4 s, compilation 6 s of one core)."""
        points = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
        self.umap(points, self.umap(points))
        self.umap3(points)

    def _umap(self, features: np.ndarray, previous: np.ndarray | None, dimensions: int) -> np.ndarray:
        count = len(features)
        start = previous if fits(previous, count, dimensions) else None
        self.fallback = _obstacle(features)
        layout = None
        if self.fallback is None:
            layout = self._fit(features, start, dimensions)
            self.fallback = None if np.isfinite(layout).all() else "UMAP found no finite layout"
        if self.fallback is not None:
            layout = self._jittered(features, dimensions)
        if start is not None:
            return aligned(layout, start, same_size=self.fallback is None)
        return (layout - layout.mean(0)).astype(np.float32)

    def _fit(self, features: np.ndarray, start: np.ndarray | None, dimensions: int) -> np.ndarray:
        k = min(self.neighbours, len(features) - 1)
        is_first = start is None
        with warnings.catch_warnings():
            # UMAP warns about TensorFlow, precomputed neighbours and unconnected points, all of which are intended.
            warnings.simplefilter("ignore")
            from umap import UMAP

            model = UMAP(
                n_neighbors=k,
                n_components=dimensions,
                init=self._jittered(features, dimensions) if is_first else np.asarray(start, dtype=np.float32),
                n_epochs=FIRST_EPOCHS if is_first else WARM_EPOCHS,
                learning_rate=1.0 if is_first else WARM_RATE,
                random_state=self.seed,
                n_jobs=1,
                precomputed_knn=nearest(features, k),
                force_approximation_algorithm=True,  # otherwise UMAP ignores the given neighbours below 4,096 points
            )
            return model.fit_transform(features)

    def _jittered(self, features: np.ndarray, dimensions: int) -> np.ndarray:
        """Return the PCA with a little noise, so that equal points do not coincide."""
        scores = principal_scores(features, dimensions)
        noise = np.random.default_rng(self.seed).normal(size=scores.shape)
        return (scores + noise * max(1e-3 * float(scores.std()), 1e-3)).astype(np.float32)


def checked(features) -> np.ndarray:
    """Return ``features`` as float32 (N, D); raise ShapeError if they have another shape or are not finite."""
    features = np.asarray(features, dtype=np.float32)
    if features.ndim != 2 or 0 in features.shape:
        raise ShapeError(f"a map needs features (N, D); these have the shape {features.shape}")
    if not np.isfinite(features).all():
        raise ShapeError(
            "there is no map, since the features contain values that are not finite: the encoder has diverged"
        )
    return features


def principal_scores(features: np.ndarray, dimensions: int) -> np.ndarray:
    """Return coordinates float32 (N, dimensions) along the principal axes; missing axes are filled with zeros."""
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dimensions]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    scores = np.zeros((len(features), dimensions), dtype=np.float32)
    scores[:, : axes.shape[1]] = centred @ axes
    return scores


def nearest(features: np.ndarray, k: int, chunk: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """Return indices int32 and Euclidean distances float32, (N, k) each, of the ``k`` nearest points; itself first."""
    points = torch.from_numpy(features - features.mean(0)).double()
    indices, distances = [], []
    for start in range(0, len(points), chunk):
        rows = points[start : start + chunk]
        gaps = torch.cdist(rows, points)
        own = torch.arange(len(rows))
        gaps[own, own + start] = -1.0  # so that a point comes before its duplicates
        distance, index = gaps.topk(k, largest=False)
        indices.append(index.int())
        distances.append(distance.clamp(min=0).float())
    return torch.cat(indices).numpy(), torch.cat(distances).numpy()


def _obstacle(features: np.ndarray) -> str | None:
    """Return the reason why no neighbourhood graph can be built, or None."""
    if len(features) < FEWEST_POINTS:
        return f"a map needs at least {FEWEST_POINTS} points"
    spread = np.abs(features - features.mean(0)).max()
    if spread <= 1e-6 * max(float(np.abs(features).max()), 1e-30):
        return "all features are alike: the representation has collapsed"
    return None


def rotation_onto(layout: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the orthogonal matrix R (d, d), for which ``layout @ R`` is nearest to ``target``.

    R is a rotation or a reflection. Both layouts are (N, d) with the same points in the same order. Source: orthogonal
    Procrustes problem, Schönemann 1966.
    """
    left, _, right = np.linalg.svd((layout - layout.mean(0)).T @ (target - target.mean(0)))
    return left @ right


def aligned(layout: np.ndarray, target: np.ndarray, same_size: bool = False) -> np.ndarray:
    """Return ``layout`` rotated, mirrored and moved onto ``target``; with ``same_size`` also scaled to its size.

    The size is the root-mean-square radius. The least-squares scale shrinks whenever points have really moved, so over
    many frames a map would shrink.
    """
    centred = np.asarray(layout, dtype=np.float64) - layout.mean(0)
    target = np.asarray(target, dtype=np.float64)
    rotated = centred @ rotation_onto(centred, target)
    if same_size:
        size = np.sqrt((centred**2).sum(1).mean())
        target_size = np.sqrt(((target - target.mean(0)) ** 2).sum(1).mean())
        rotated = rotated * (target_size / size) if size > 0 and target_size > 0 else rotated
    return (rotated + target.mean(0)).astype(np.float32)


def fits(previous: np.ndarray | None, count: int, dimensions: int) -> bool:
    """Return whether ``previous`` is a usable layout (count, dimensions): finite, and not all points in one place."""
    if previous is None or np.shape(previous) != (count, dimensions):
        return False
    return bool(np.isfinite(previous).all() and np.ptp(previous, axis=0).min() > 1e-6)
