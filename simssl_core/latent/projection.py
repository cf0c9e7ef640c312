"""Features to a map: UMAP that follows a training calmly, and PCA that is there at once."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from simssl_core.data.probe_set import MEASUREMENT_SEED
from simssl_core.errors import ShapeError

FIRST_EPOCHS = 200
WARM_EPOCHS, WARM_RATE = 50, 0.3  # the calmest of what was measured: points drift, and neighbourhoods stay true
FEWEST = 20  # points; below, a neighbourhood graph means nothing


class Projector:
    """Lays out features (N, D) as float32 (N, 2) or (N, 3); the same seed and input give the same layout.

    ``previous`` is the last layout of the same points: the new one starts from it and is laid onto it. One of another
    shape, or of points all in one place, is ignored. ``fallback`` tells why the last UMAP layout is a PCA, or is None.
    """

    def __init__(self, seed: int = MEASUREMENT_SEED, neighbours: int = 15):
        self.seed, self.neighbours = seed, neighbours
        self.fallback: str | None = None

    def umap(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """UMAP in two dimensions: 200 epochs from the PCA, or 50 slow ones from ``previous``.

        Raises:
            ShapeError: not (N, D), or not finite.
        """
        return self._umap(checked(features), previous, 2)

    def umap3(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """The same in three dimensions."""
        return self._umap(checked(features), previous, 3)

    def pca(self, features, previous: np.ndarray | None = None) -> np.ndarray:
        """The first three principal components (N, 3), in the features' units, turned towards ``previous``.

        Without it the signs are such that the largest entry of each axis is positive.
        """
        scores = principal_scores(checked(features), 3)
        return aligned(scores, previous) if fits(previous, *scores.shape) else scores

    def warm_up(self) -> None:
        """Compile what the map needs (import 4 s, compilation 6 s of one core, once in a process)."""
        points = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
        self.umap(points, self.umap(points))
        self.umap3(points)

    def _umap(self, features: np.ndarray, previous: np.ndarray | None, dimensions: int) -> np.ndarray:
        count = len(features)
        start = previous if fits(previous, count, dimensions) else None
        self.fallback = _why_not(features)
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
        first = start is None
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # about TensorFlow, precomputed neighbours, unconnected points: all intended
            from umap import UMAP

            model = UMAP(
                n_neighbors=k,
                n_components=dimensions,
                init=self._jittered(features, dimensions) if first else np.asarray(start, dtype=np.float32),
                n_epochs=FIRST_EPOCHS if first else WARM_EPOCHS,
                learning_rate=1.0 if first else WARM_RATE,
                random_state=self.seed,
                n_jobs=1,
                precomputed_knn=nearest(features, k),
                force_approximation_algorithm=True,  # below 4,096 points UMAP would ignore the given neighbours
            )
            return model.fit_transform(features)

    def _jittered(self, features: np.ndarray, dimensions: int) -> np.ndarray:
        """PCA, with a hair of noise so that equal points do not lie on top of each other."""
        scores = principal_scores(features, dimensions)
        noise = np.random.default_rng(self.seed).normal(size=scores.shape)
        return (scores + noise * max(1e-3 * float(scores.std()), 1e-3)).astype(np.float32)


def checked(features) -> np.ndarray:
    """``features`` as float32 (N, D). Raises ShapeError if they are of another shape or not finite."""
    features = np.asarray(features, dtype=np.float32)
    if features.ndim != 2 or 0 in features.shape:
        raise ShapeError(f"a map is made of features (N, D); these have the shape {features.shape}")
    if not np.isfinite(features).all():
        raise ShapeError("the features hold values that are not finite, so there is no map: the encoder has diverged")
    return features


def principal_scores(features: np.ndarray, dimensions: int) -> np.ndarray:
    """Coordinates float32 (N, dimensions) along the principal axes; zeros where there are fewer axes than asked for."""
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dimensions]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    scores = np.zeros((len(features), dimensions), dtype=np.float32)
    scores[:, : axes.shape[1]] = centred @ axes
    return scores


def nearest(features: np.ndarray, k: int, chunk: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest points of each, itself first: indices int32 and Euclidean distances float32, (N, k) both."""
    points = torch.from_numpy(features - features.mean(0)).double()
    indices, distances = [], []
    for start in range(0, len(points), chunk):
        rows = points[start : start + chunk]
        gaps = torch.cdist(rows, points)
        own = torch.arange(len(rows))
        gaps[own, own + start] = -1.0  # before its duplicates
        distance, index = gaps.topk(k, largest=False)
        indices.append(index.int())
        distances.append(distance.clamp(min=0).float())
    return torch.cat(indices).numpy(), torch.cat(distances).numpy()


def _why_not(features: np.ndarray) -> str | None:
    """Why there can be no neighbourhood graph, or None."""
    if len(features) < FEWEST:
        return f"a map needs at least {FEWEST} points"
    spread = np.abs(features - features.mean(0)).max()
    if spread <= 1e-6 * max(float(np.abs(features).max()), 1e-30):
        return "all features are alike: the representation has collapsed"
    return None


def rotation_onto(layout: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The orthogonal (d, d) matrix R, a rotation or reflection, for which ``layout @ R`` is nearest to ``target``.

    Both (N, d), row by row the same points (orthogonal Procrustes problem, Schönemann 1966).
    """
    left, _, right = np.linalg.svd((layout - layout.mean(0)).T @ (target - target.mean(0)))
    return left @ right


def aligned(layout: np.ndarray, target: np.ndarray, same_size: bool = False) -> np.ndarray:
    """``layout`` turned, mirrored and moved onto ``target``; with ``same_size`` also brought to its size.

    Size is the root-mean-square radius, not the least-squares scale, which shrinks with every point that has really
    moved: over many frames a map would dwindle.
    """
    centred = np.asarray(layout, dtype=np.float64) - layout.mean(0)
    target = np.asarray(target, dtype=np.float64)
    turned = centred @ rotation_onto(centred, target)
    if same_size:
        size, wanted = np.sqrt((centred**2).sum(1).mean()), np.sqrt(((target - target.mean(0)) ** 2).sum(1).mean())
        turned = turned * (wanted / size) if size > 0 and wanted > 0 else turned
    return (turned + target.mean(0)).astype(np.float32)


def fits(previous: np.ndarray | None, count: int, dimensions: int) -> bool:
    """Whether ``previous`` is a usable earlier layout (count, dimensions): finite, and not all in one place."""
    if previous is None or np.shape(previous) != (count, dimensions):
        return False
    return bool(np.isfinite(previous).all() and np.ptp(previous, axis=0).min() > 1e-6)
