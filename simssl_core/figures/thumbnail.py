"""A map as a small picture: points in, WebP out. Transparent: it lies on a light card and on a dark one alike."""

from __future__ import annotations

import io

import numpy as np

from simssl_core.figures.theme import class_colours

SMOOTH = 3  # drawn this much larger, then averaged, which gives the dots a smooth edge


def thumbnail(points: np.ndarray, labels: np.ndarray, size: int = 220) -> bytes:
    """Draw ``points`` (N, 2), coloured by ``labels`` (N,; below 0: grey), as a square WebP of ``size`` pixels.

    The farthest half per cent of points may fall outside the frame, as in the moving maps.
    """
    from PIL import Image

    palette = np.array([_rgb(colour) for colour in (*class_colours(10), "#999999")], np.float32)
    labels = np.asarray(labels, int)
    colours = palette[np.where(labels < 0, 10, labels % 10)]
    pixels = _stamped(_placed(np.asarray(points, np.float64)), colours, size * SMOOTH)
    pixels = pixels.reshape(size, SMOOTH, size, SMOOTH, 4).sum((1, 3))
    share = pixels[..., 3:]
    rgb = pixels[..., :3] / np.maximum(share, 1)
    image = np.concatenate([rgb, share / SMOOTH**2 * 255], -1).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image, "RGBA").save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def _stamped(unit: np.ndarray, colours: np.ndarray, side: int) -> np.ndarray:
    """Discs of ``colours`` (N, 3) at the places ``unit`` (N, 2): (side, side, 4), the last channel 1 where drawn."""
    pixels = np.zeros((side, side, 4), np.float32)
    radius = max(1, round(side / 110))
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = dx**2 + dy**2 <= (radius + 0.3) ** 2
    centre = np.floor(unit * side).astype(int)
    x = centre[:, :1] + dx[inside]
    y = centre[:, 1:] + dy[inside]
    good = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    ink = np.concatenate([colours, np.ones((len(colours), 1), np.float32)], 1)
    pixels[y[good], x[good]] = np.broadcast_to(ink[:, None], (*x.shape, 4))[good]
    return pixels


def _placed(points: np.ndarray) -> np.ndarray:
    """``points`` moved into the unit square, y upwards, one scale for both axes."""
    if not len(points):
        return points.reshape(0, 2)
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    half = max(float((high - low).max()) / 2, 1e-9) * 1.08
    unit = (points - (low + high) / 2) / (2 * half) + 0.5
    return np.stack([unit[:, 0], 1 - unit[:, 1]], axis=1)


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
