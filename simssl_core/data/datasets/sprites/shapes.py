"""The outlines of the ten sprites and their signed distances.

Every outline is a closed polygon (curves are approximated by many short edges), so one exact formula serves all of
them. No shape maps onto itself under any rotation: the rotation of a disc, a square or a star would not be visible in
the image, so no probe could read it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

ARC = 48  # vertices of a curve: a chord deviates from a circle of radius 1 by less than 0.003 (0.03 pixels)


def arc(centre: tuple[float, float], radius: float, start: float, stop: float, n: int = ARC) -> np.ndarray:
    """Points (n, 2) on a circle from ``start`` to ``stop`` degrees; y points up."""
    t = np.radians(np.linspace(start, stop, n))
    return np.stack([centre[0] + radius * np.cos(t), centre[1] + radius * np.sin(t)], 1)


def _heart() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 2 * ARC, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, y], 1)


def _crescent() -> np.ndarray:
    outer = arc((0, 0), 1.0, 50, 310)
    tip = float(np.degrees(np.arctan2(np.sin(np.radians(50)), np.cos(np.radians(50)) - 0.55)))
    radius = float(np.hypot(np.cos(np.radians(50)) - 0.55, np.sin(np.radians(50))))
    inner = arc((0.55, 0), radius, 360 - tip, tip)
    return np.concatenate([outer, inner[1:-1]])


def _arrow() -> np.ndarray:
    half = [(0.0, 1.0), (0.8, 0.1), (0.28, 0.1), (0.28, -1.0)]
    return np.array(half + [(-x, y) for x, y in reversed(half[1:])])


def _drop() -> np.ndarray:
    return np.concatenate([arc((0, 0), 0.62, 150, 390), [(0.0, 1.35)]])


def _triangle() -> np.ndarray:
    return np.array([(-0.55, -0.7), (0.55, -0.7), (0.0, 1.2)])


def _house() -> np.ndarray:
    return np.array([(-0.75, -0.9), (0.75, -0.9), (0.75, 0.25), (0.0, 1.0), (-0.75, 0.25)])


def _tee() -> np.ndarray:
    return np.array(
        [(-0.9, 0.9), (-0.9, 0.4), (-0.25, 0.4), (-0.25, -0.9), (0.25, -0.9), (0.25, 0.4), (0.9, 0.4), (0.9, 0.9)]
    )


def _pie() -> np.ndarray:
    return np.concatenate([arc((0, 0), 1.0, 40, 320, 2 * ARC), [(0.0, 0.0)]])


def _fish() -> np.ndarray:
    body = arc((0, 0), 1.0, -155, 155, 2 * ARC) * [0.85, 0.5] + [0.25, 0]
    return np.concatenate([body, [(-1.1, 0.6), (-1.1, -0.6)]])


def _ell() -> np.ndarray:
    return np.array([(-0.6, 1.0), (-0.6, -0.9), (0.75, -0.9), (0.75, -0.4), (-0.1, -0.4), (-0.1, 1.0)])


OUTLINES = {
    "heart": _heart,
    "crescent": _crescent,
    "arrow": _arrow,
    "drop": _drop,
    "triangle": _triangle,
    "house": _house,
    "tee": _tee,
    "pie": _pie,
    "fish": _fish,
    "ell": _ell,
}
NAMES = tuple(OUTLINES)


def outline(name: str) -> np.ndarray:
    """The vertices (n, 2) of a shape; y points up, the centroid is the origin, the farthest vertex has distance 1."""
    points = OUTLINES[name]()
    points = points - centroid(points)
    return points / np.hypot(*points.T).max()


def centroid(points: np.ndarray) -> np.ndarray:
    """The centroid (2,) of the area of a closed polygon (n, 2), by the shoelace formula."""
    following = np.roll(points, -1, 0)
    cross = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    return ((points + following) * cross[:, None]).sum(0) / (3 * cross.sum())


def signed_distance(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Distances (m,) from ``points`` (m, 2) to a closed polygon (n, 2), negative inside.

    Source: Inigo Quilez, "2D distance functions", polygon; the sign is the parity of edges crossed by a ray.
    """
    x, y = np.ascontiguousarray(points.T)
    nearest, inside = np.full(len(points), np.inf), np.zeros(len(points), bool)
    # The loop handles one edge at a time, so that the arrays stay in the cache.
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        ex, ey, px, py = bx - ax, by - ay, x - ax, y - ay
        along = np.clip((px * ex + py * ey) / (ex * ex + ey * ey), 0, 1)
        np.minimum(nearest, np.square(px - along * ex) + np.square(py - along * ey), out=nearest)
        spans = (y >= ay) != (y >= by)
        inside ^= spans & ((ex * py - ey * px < 0) == (ay > by))
    return np.sqrt(nearest) * np.where(inside, -1.0, 1.0)


@lru_cache(maxsize=4)
def atlas(size: int, extent: float) -> np.ndarray:
    """Signed distances of all shapes, float32 (shapes * size, size); rows ``k*size`` to ``(k+1)*size - 1`` are shape k.

    Each tile samples [-extent, extent]² at ``size`` points per side. Its first row is the top; y points up.
    """
    line = np.linspace(-extent, extent, size)
    y, x = np.meshgrid(-line, line, indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], 1)
    tiles = [signed_distance(points, outline(name)).reshape(size, size) for name in NAMES]
    return np.concatenate(tiles).astype(np.float32)
