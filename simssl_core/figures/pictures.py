"""Many small images as one picture, which a page shows with one request; enlarged without smoothing."""

from __future__ import annotations

import io

import numpy as np

from simssl_core.figures.theme import class_colours


def tile(images: np.ndarray, columns: int, gap: int = 1, scale: int = 1) -> np.ndarray:
    """Arrange images uint8 (N, H, W, 3) or (N, H, W) in rows of ``columns``, with transparent gaps.

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
    """A picture uint8 (H, W, 3 or 4) as a PNG file. A low compression ``level`` is faster, a high one smaller."""
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


LEAST = 192  # pixels of the longer side; smaller frames are enlarged without smoothing


def gif(frames: np.ndarray, milliseconds: int = 80, there_and_back: bool = True) -> bytes:
    """Frames uint8 (T, H, W, 3) as a GIF that repeats forever; by default it also plays backwards.

    All frames share one palette of 256 colours, so that nothing flickers.
    """
    from PIL import Image

    frames = np.asarray(frames, np.uint8)
    scale = max(1, round(LEAST / max(frames.shape[1:3])))
    order = list(range(len(frames)))
    if there_and_back:
        order += range(len(frames) - 2, 0, -1)
    palette = Image.fromarray(frames.reshape(-1, *frames.shape[2:])).quantize(256)
    large = [Image.fromarray(frame.repeat(scale, 0).repeat(scale, 1)) for frame in frames]
    first, *rest = [large[index].quantize(palette=palette, dither=Image.Dither.NONE) for index in order]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=False)
    return file.getvalue()


SMOOTH = 3  # factor by which a thumbnail is drawn larger and then averaged, so that dots have smooth edges


def thumbnail(points: np.ndarray, labels: np.ndarray, size: int = 220) -> bytes:
    """Draw ``points`` (N, 2), coloured by ``labels`` (N,) (below 0: grey), as a square WebP of ``size`` pixels.

    The outermost half per cent of points may lie outside the frame, as in the moving maps.
    """
    from PIL import Image

    palette = np.array([_rgb(colour) for colour in (*class_colours(10), "#999999")], np.float32)
    labels = np.asarray(labels, int)
    colours = palette[np.where(labels < 0, 10, labels % 10)]
    pixels = _discs(_to_unit_square(np.asarray(points, np.float64)), colours, size * SMOOTH)
    pixels = pixels.reshape(size, SMOOTH, size, SMOOTH, 4).sum((1, 3))
    share = pixels[..., 3:]
    rgb = pixels[..., :3] / np.maximum(share, 1)
    image = np.concatenate([rgb, share / SMOOTH**2 * 255], -1).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image, "RGBA").save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def _discs(unit: np.ndarray, colours: np.ndarray, side: int) -> np.ndarray:
    """Discs of ``colours`` (N, 3) at ``unit`` (N, 2) in [0, 1]: (side, side, 4), the last channel 1 inside a disc."""
    pixels = np.zeros((side, side, 4), np.float32)
    radius = max(1, round(side / 110))
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = dx**2 + dy**2 <= (radius + 0.3) ** 2
    centre = np.floor(unit * side).astype(int)
    x = centre[:, :1] + dx[inside]
    y = centre[:, 1:] + dy[inside]
    visible = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    opaque = np.concatenate([colours, np.ones((len(colours), 1), np.float32)], 1)
    pixels[y[visible], x[visible]] = np.broadcast_to(opaque[:, None], (*x.shape, 4))[visible]
    return pixels


def _to_unit_square(points: np.ndarray) -> np.ndarray:
    """``points`` (N, 2) moved into the unit square with one scale for both axes; y then counts downwards."""
    if not len(points):
        return points.reshape(0, 2)
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    half = max(float((high - low).max()) / 2, 1e-9) * 1.08
    unit = (points - (low + high) / 2) / (2 * half) + 0.5
    return np.stack([unit[:, 0], 1 - unit[:, 1]], axis=1)


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
