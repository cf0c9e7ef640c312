"""Convert a user's picture, drawn on the screen or read from a file, to an encoder's input. Does not import torch."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from simssl_core.data import catalog
from simssl_core.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

STROKE_LEVEL = 40  # of 255: brighter pixels belong to a stroke
WIDTH_SHARE = 0.875  # the largest width of a digit, as a share of the room inside the margins: digits are narrow
MOST_PIXELS = 40_000_000


def as_input(picture: np.ndarray, shape: tuple[int, int, int], dataset: str) -> np.ndarray:
    """Convert a picture uint8 (h, w, 3) to an image uint8 (C, H, W) that resembles those of ``dataset``.

    Digits are cut out and centred as in the data set, and dark strokes on a light background are inverted.

    Raises:
        DataError: nothing was drawn.
    """
    from PIL import Image

    channels, height, width = shape
    image = Image.fromarray(np.ascontiguousarray(picture, dtype=np.uint8))
    if channels != 1:
        small = _square(image).resize((width, height), Image.Resampling.BOX)
        return np.moveaxis(np.asarray(small), -1, 0).copy()
    grey = np.asarray(image.convert("L"))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > 127:
        grey = 255 - grey
    info = catalog.find(dataset)
    if info and info.digit_margin is not None:
        return _centred(grey, height, width, info.digit_margin)[None]
    small = _square(Image.fromarray(grey)).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small)[None].copy()


def read_picture(content: bytes) -> np.ndarray:
    """Read a PNG, JPEG or WebP file as uint8 (h, w, 3); transparent pixels become black.

    Raises:
        DataError: the file has another format, is damaged, or has more than 40 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(f"The picture has {image.width} × {image.height} pixels; make it smaller.")
            image.draft("RGB", (1024, 1024))
            rgba = image.convert("RGBA")
            background = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
            return np.asarray(Image.alpha_composite(background, rgba).convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError("This file cannot be read as a picture; give a PNG, JPEG or WebP file.") from error


def _square(image: Image.Image) -> Image.Image:
    """Crop the largest square in the centre."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _centred(grey: np.ndarray, height: int, width: int, margin: float) -> np.ndarray:
    """Cut the strokes out and centre them in an image (height, width), with ``margin`` as a share of each side."""
    from PIL import Image

    strokes = grey > STROKE_LEVEL
    rows, columns = np.flatnonzero(strokes.any(1)), np.flatnonzero(strokes.any(0))
    if not len(rows):
        raise DataError("Nothing was drawn yet: draw a digit with the pointer.")
    digit = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room_height, room_width = (max(1.0, side * (1 - 2 * margin)) for side in (height, width))
    scale = min(room_height / digit.shape[0], WIDTH_SHARE * room_width / digit.shape[1])
    digit_height, digit_width = (max(1, round(side * scale)) for side in digit.shape)
    small = np.asarray(Image.fromarray(digit).resize((digit_width, digit_height), Image.Resampling.BOX), float)
    small = small * (255 / max(1.0, small.max()))
    canvas = np.zeros((height, width), np.uint8)
    top, left = (height - digit_height) // 2, (width - digit_width) // 2
    canvas[top : top + digit_height, left : left + digit_width] = small.round().astype(np.uint8)
    return canvas
