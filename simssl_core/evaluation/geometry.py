"""Scores of the geometry of a latent space: collapse, the share of style, and the distances between data.

The functions take NumPy or torch arrays, compute in float64 and return floats. NaN means that the score is not defined
(no variance, a single class).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

from simssl_core.evaluation.probes import Array, task, tensor
from simssl_core.metrics import measures


def spectrum(features: Array) -> torch.Tensor:
    """Return the singular values (min(N, D),) of the centred features (N, D), descending; rounding noise becomes 0."""
    x = tensor(features)
    values = torch.linalg.svdvals(x - x.mean(0))
    noise = 1e-6 * x.mean(0).norm() * math.sqrt(len(x))
    return torch.where(values > noise, values, torch.zeros_like(values))


def relative_spectrum(features: Array) -> tuple[float, ...]:
    """Return the singular values of the centred features (N, D) relative to the largest; zeros if nothing varies."""
    values = spectrum(features)
    largest = float(values.max()) if len(values) else 0.0
    relative = values / largest if largest > 0 else values * 0
    return tuple(min(1.0, float(value)) for value in relative)


@measures(
    "effective_rank",
    title="Effective rank",
    family="geometry",
    unit="directions",
    low=0.0,
    term="effective rank",
    reads=("test",),
    place=40,
    headline=True,
    tables=("compare", "runs", "train", "shell", "study"),
    column="effective rank",
    layers=True,
    collapses_below=2.0,
    collapse_words="its effective rank is {:.1f}",
)
def effective_rank(features: Array) -> float:
    """Return exp of the entropy of the normalised singular values of the **centred** features (N, D).

    The value lies between 1 (one direction) and D; it is 0 if nothing varies. Source: RankMe, Garrido et al. 2023.
    """
    values = spectrum(features)
    if values.sum() == 0:
        return 0.0
    share = values / values.sum()
    return torch.special.entr(share).sum().exp().item()


@measures(
    "feature_std",
    title="Spread of a feature",
    family="geometry",
    low=0.0,
    help="The standard deviation of a feature over images, averaged over features. Near 0: all images look alike.",
    reads=("test",),
    place=41,
    collapses_below=1e-3,
    collapse_words="its features spread by only {:.1g}",
)
def feature_std(features: Array) -> float:
    """Return the mean over dimensions of the standard deviation over the data (N, D)."""
    return tensor(features).std(0, correction=0).mean().item()


@measures(
    "style_share",
    title="Style share of the variance",
    family="style",
    unit="share of the variance",
    low=0.0,
    high=1.0,
    term="style share",
    reads=("views",),
    place=31,
    tables=("compare", "shell", "study"),
    column="style share",
    layers=True,
)
def style_share(views: Array) -> float:
    """Return tr(covariance within a datum) / tr(total covariance) of views (V, N, D); 0: the views of a datum coincide.

    The estimate is unbiased and comes from an analysis of variance: with W the pooled variance within data (divisor
    N(V−1)) and M the variance of the data's means (divisor N−1), the variance between data is B = max(0, M − W/V) and
    the share is W/(W+B). Its complement is the intraclass correlation ICC(1).
    """
    z = tensor(views)
    count, data, _ = z.shape
    if count < 2 or data < 2:
        return math.nan
    center = z.mean(0)
    within = (z - center).square().sum().item() / (data * (count - 1))
    means = (center - center.mean(0)).square().sum().item() / (data - 1)
    total = within + max(0.0, means - within / count)
    noise = 1e-12 * z.square().mean((0, 1)).sum().item()
    return within / total if total > noise else math.nan


@measures(
    "alignment",
    title="Alignment (0 = views agree)",
    family="geometry",
    low=0.0,
    high=4.0,
    term="alignment",
    reads=("views",),
    place=42,
)
def alignment(views: Array) -> float:
    """Return E‖ẑ_iv − ẑ_iv'‖² over data i and pairs of distinct views (V, N, D), ẑ = z/‖z‖; between 0 and 4.

    Source: Wang & Isola 2020.
    """
    z = F.normalize(tensor(views), dim=-1)
    count = z.shape[0]
    if count < 2:
        return math.nan
    # Σ over ordered pairs ‖a−b‖² = 2V Σ‖z−z̄‖², so no pairs have to be formed.
    return (2 * count * (z - z.mean(0)).square().sum((0, 2)).mean() / (count * (count - 1))).item()


@measures(
    "uniformity",
    title="Uniformity (lower = more even)",
    family="geometry",
    low=-8.0,
    high=0.0,
    term="uniformity",
    reads=("views",),
    place=43,
)
def uniformity(views: Array, chunk: int = 1024) -> float:
    """Return log E exp(−2‖ẑ_i − ẑ_k‖²) over pairs of distinct data in the same view, for views (V, N, D).

    The value lies between −8 and 0; 0 means that all representations coincide. Source: Wang & Isola 2020.
    """
    z = F.normalize(tensor(views), dim=-1)
    count, data, _ = z.shape
    if data < 2:
        return math.nan
    total = 0.0
    for view in z:
        for start in range(0, data, chunk):
            potential = torch.exp(-2 * torch.cdist(view[start : start + chunk], view).square())
            total += (potential.sum() - potential.diagonal(start).sum()).item()
    return math.log(total / (count * data * (data - 1)))


@measures(
    "within_between",
    title="Scatter within classes / between them",
    family="geometry",
    better="lower",
    low=0.0,
    help="Scatter of images around the mean of their class, divided by the scatter of these means. Small: tight "
    "classes that lie far apart.",
    measured="full",
    reads=("test", "test_labels"),
    place=44,
)
def within_between(features: Array, labels: Array) -> float:
    """Return tr(within-class scatter) / tr(between-class scatter); small: tight classes, far apart.

    Unlabelled rows (label below 0) are left out.
    """
    t = task(features, labels, features, labels)
    if not t.possible:
        return math.nan
    overall = t.train.mean(0)
    within = between = 0.0
    for label in t.train_labels.unique():
        rows = t.train[t.train_labels == label]
        within += (rows - rows.mean(0)).square().sum().item()
        between += len(rows) * (rows.mean(0) - overall).square().sum().item()
    return within / between if between > 1e-12 * (within + between) else math.nan


@measures(
    "silhouette",
    title="Silhouette",
    family="geometry",
    better="higher",
    low=-1.0,
    high=1.0,
    chance=0.0,
    term="silhouette",
    measured="full",
    reads=("test", "test_labels"),
    place=20,
)
def silhouette(features: Array, labels: Array, limit: int = 2000, seed: int = 0) -> float:
    """Return the mean Euclidean silhouette (scikit-learn) of the classes, on at most ``limit`` random images."""
    from sklearn.metrics import silhouette_score

    t = task(features, labels, features, labels)
    order = np.random.default_rng(seed).permutation(len(t.train))[:limit]
    x, y = t.train.cpu().numpy()[order], t.train_labels.cpu().numpy()[order]
    if not 2 <= len(np.unique(y)) < len(y):
        return math.nan
    return float(silhouette_score(x, y))
