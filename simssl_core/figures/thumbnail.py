"""A map as a small picture: points in, PNG out. Transparent, so that it lies on a light card and on a dark one alike."""

from __future__ import annotations

import io

import numpy as np

from simssl_core.figures.theme import class_colours

OVERSAMPLING = 3  # drawn this much larger, then scaled down: PIL's ellipses have no smooth edge of their own


def thumbnail(points: np.ndarray, labels: np.ndarray, size: int = 220) -> bytes:
    """Draw ``points`` (N, 2), coloured by ``labels`` (N,; below 0: grey), as a square PNG of ``size`` pixels.

    The farthest half per cent of points may fall outside the frame, as in the moving maps.
    """
    from PIL import Image, ImageDraw

    points, labels = np.asarray(points, np.float64), np.asarray(labels, int)
    colours = class_colours(max(1, labels.max(initial=0) + 1))
    big = size * OVERSAMPLING
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    radius = big / 110
    for (x, y), label in zip(_placed(points) * big, labels, strict=True):
        colour = colours[label] if label >= 0 else "#999999"
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour + "D8")
    buffer = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).quantize(64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _placed(points: np.ndarray) -> np.ndarray:
    """``points`` moved into the unit square, y upwards, one scale for both axes."""
    if not len(points):
        return points
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    half = max(float((high - low).max()) / 2, 1e-9) * 1.08
    unit = (points - (low + high) / 2) / (2 * half) + 0.5
    return np.stack([unit[:, 0], 1 - unit[:, 1]], axis=1)
