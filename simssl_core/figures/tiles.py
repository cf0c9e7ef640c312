"""Many small images as one picture: one request and no loop of widgets, enlarged without smoothing."""

from __future__ import annotations

import io

import numpy as np


def tile(images: np.ndarray, columns: int, gap: int = 1, scale: int = 1) -> np.ndarray:
    """Images uint8 (N, H, W, 3) or (N, H, W) side by side, ``columns`` to a row, with a transparent gap.

    Returns uint8 (rows·(H+gap)·scale, columns·(W+gap)·scale, 4), every pixel repeated ``scale`` times.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., None]
    images = np.broadcast_to(images, (*images.shape[:3], 3)) if images.shape[-1] == 1 else images[..., :3]
    count, height, width = images.shape[:3]
    rows = -(-max(1, count) // columns)
    picture = np.zeros((rows, columns, height * scale + gap, width * scale + gap, 4), np.uint8)
    large = images.repeat(scale, 1).repeat(scale, 2)
    flat = picture.reshape(rows * columns, *picture.shape[2:])
    flat[:count, : height * scale, : width * scale, :3] = large
    flat[:count, : height * scale, : width * scale, 3] = 255
    return picture.swapaxes(1, 2).reshape(rows * picture.shape[2], columns * picture.shape[3], 4)


def png(picture: np.ndarray, level: int = 3) -> bytes:
    """A picture uint8 (H, W, 3 or 4) as a PNG file. A low ``level`` is quicker, a high one smaller."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "PNG", compress_level=level)
    return file.getvalue()


def channels_last(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) as (N, H, W, 3): grey ones get three equal channels, floats in [0, 1] become uint8."""
    images = np.moveaxis(np.asarray(images), 1, -1)
    if images.dtype != np.uint8:
        images = (np.clip(np.nan_to_num(images), 0, 1) * 255).round().astype(np.uint8)
    return np.broadcast_to(images, (*images.shape[:3], 3)) if images.shape[-1] == 1 else images[..., :3]
