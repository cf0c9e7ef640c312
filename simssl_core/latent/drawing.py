"""A person's own picture made into what an encoder reads: drawn on a screen or taken from a file. Torch-free."""

from __future__ import annotations

import io

import numpy as np

from simssl_core.data import catalog
from simssl_core.errors import DataError

INKED = 40  # of 255: a pixel darker than this is no stroke
WIDEST = 0.875  # of the digits' width: theirs are narrower than high
MOST_PIXELS = 40_000_000


def as_input(picture: np.ndarray, shape: tuple[int, int, int], dataset: str) -> np.ndarray:
    """A picture uint8 (h, w, 3) as an image uint8 (C, H, W) of the data set's kind.

    Digits are cut out and centred as theirs were, and dark strokes on a light ground are turned into light ones.

    Raises:
        DataError: nothing was drawn.
    """
    from PIL import Image

    channels, height, width = shape
    image = Image.fromarray(np.ascontiguousarray(picture, dtype=np.uint8))
    if channels != 1:
        return np.moveaxis(np.asarray(_square(image).resize((width, height), Image.Resampling.BOX)), -1, 0).copy()
    grey = np.asarray(image.convert("L"))
    if np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])) > 127:
        grey = 255 - grey
    about = catalog.find(dataset)
    if about and about.digit_margin is not None:
        return _centred(grey, height, width, about.digit_margin)[None]
    return np.asarray(_square(Image.fromarray(grey)).resize((width, height), Image.Resampling.BOX))[None].copy()


def read_picture(content: bytes) -> np.ndarray:
    """A PNG, JPEG or WebP file as uint8 (h, w, 3), on black where it is transparent.

    Raises:
        DataError: it is none, is damaged, or is larger than 40 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(f"The picture has {image.width} × {image.height} pixels; make it smaller.")
            image.draft("RGB", (1024, 1024))
            clear = image.convert("RGBA")
            ground = Image.new("RGBA", clear.size, (0, 0, 0, 255))
            return np.asarray(Image.alpha_composite(ground, clear).convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError("This file cannot be read as a picture; give a PNG, JPEG or WebP file.") from error


def _square(image):
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _centred(grey: np.ndarray, height: int, width: int, margin: float) -> np.ndarray:
    from PIL import Image

    rows, columns = (np.flatnonzero((grey > INKED).any(axis)) for axis in (1, 0))
    if not len(rows):
        raise DataError("Nothing was drawn yet: draw a digit with the pointer.")
    part = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room_high, room_wide = (max(1.0, side * (1 - 2 * margin)) for side in (height, width))
    scale = min(room_high / part.shape[0], WIDEST * room_wide / part.shape[1])
    high, wide = (max(1, round(side * scale)) for side in part.shape)
    small = np.asarray(Image.fromarray(part).resize((wide, high), Image.Resampling.BOX), float)
    small = small * (255 / max(1.0, small.max()))
    placed = np.zeros((height, width), np.uint8)
    top, left = (height - high) // 2, (width - wide) // 2
    placed[top : top + high, left : left + wide] = small.round().astype(np.uint8)
    return placed
