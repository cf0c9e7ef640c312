"""Lay one layout onto another, so that points travel between two frames instead of jumping."""

from __future__ import annotations

import numpy as np


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
