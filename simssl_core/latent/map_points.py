"""What each point of the map is, and its picture: the same images in the same order as ``Features.map``."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from simssl_core.data.probe_set import MEASUREMENT_SEED, Plan, batches, cloud_views
from simssl_core.data.types import Factor, Views
from simssl_core.errors import ShapeError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("point", "label", "class", "instance", "view")  # every further column is a factor
LARGEST = 16_383  # pixels on a side: the limit of WebP


def map_points(dataset, views, plan: Plan, seed: int = MEASUREMENT_SEED) -> tuple[pd.DataFrame, np.ndarray]:
    """One row and one picture for each point of the map.

    Columns: ``point`` 0..N−1, ``label`` (−1: none), ``class``, ``instance`` (−1: a test image; else the number of its
    cloud), ``view`` (−1: the image as it is), and one for each factor: the true factors of the image, and for a view
    what was drawn for it. NaN where an image has no such factor.

    Returns:
        the table, and images uint8 (N, C, H, W).
    """
    import pandas as pd

    places = plan.map_places(dataset.test)
    device = dataset.test.images.device
    plain = [_bytes(views.plain(dataset.test, piece.to(device))) for piece in batches(places)]
    clouds = list(cloud_views(dataset, views, plan, seed))
    rows = [_plain_rows(dataset, places)]
    instance = 0
    for drawn in clouds:
        rows.append(_cloud_rows(dataset, drawn, instance))
        instance += len(drawn.index)
    table = pd.concat([pd.DataFrame(r) for r in rows], ignore_index=True)
    table.insert(0, "point", np.arange(len(table)))
    table.insert(2, "class", [dataset.classes[k] if 0 <= k < len(dataset.classes) else "" for k in table["label"]])
    pictures = [_bytes(drawn.images.transpose(0, 1).flatten(0, 1)) for drawn in clouds]
    return _tidy(table, (*dataset.factors, *views.factors)), np.concatenate(plain + pictures)


def _plain_rows(dataset, places: torch.Tensor) -> dict[str, np.ndarray]:
    split = dataset.test
    at = places.to(split.labels.device)
    minus = np.full(len(places), -1)
    rows = {"label": split.labels[at].cpu().numpy(), "instance": minus, "view": minus}
    return {name: values[at].cpu().numpy() for name, values in split.factors.items()} | rows


def _cloud_rows(dataset, drawn: Views, first: int) -> dict[str, np.ndarray]:
    """Datum by datum, each with all of its views. A factor drawn for a view replaces the datum's own value of it."""
    count, data = drawn.images.shape[:2]
    rows = {
        "label": np.repeat(drawn.labels.cpu().numpy(), count),
        "instance": np.repeat(np.arange(first, first + data), count),
        "view": np.tile(np.arange(count), data),
    }
    own = {name: values[drawn.index].cpu().numpy() for name, values in dataset.test.factors.items()}
    factors = {name: np.repeat(values, count) for name, values in own.items()}
    factors |= {name: values.T.flatten().cpu().numpy() for name, values in drawn.factors.items()}
    return factors | rows


def _tidy(table: pd.DataFrame, factors: tuple[Factor, ...]) -> pd.DataFrame:
    """Columns in a fixed order, factors as float32; a factor named like one of the table's own columns is left out."""
    names = [f.name for f in dict.fromkeys(factors) if f.name in table.columns and f.name not in COLUMNS]
    ordered = table[[*COLUMNS, *dict.fromkeys(names)]]
    kinds = {"point": np.int64, "label": np.int64, "instance": np.int64, "view": np.int64}
    return ordered.astype(kinds | dict.fromkeys(names, np.float32))


def _bytes(images: torch.Tensor) -> np.ndarray:
    """Floats in [0, 1] to uint8."""
    return images.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def sheet(images: np.ndarray, quality: int = 80) -> tuple[bytes, int]:
    """All pictures in one WebP at their own size, row by row.

    Args:
        images: uint8 (N, C, H, W), C = 1 or 3.

    Returns:
        the file's bytes and the number of columns (about √N, so that neither side passes WebP's 16,383 pixels).

    Raises:
        ShapeError: no images, another number of channels, or more than fit on one sheet.
    """
    from PIL import Image

    count, channels, height, width = images.shape
    if not count or channels not in (1, 3):
        raise ShapeError(f"a sheet is made of one or more grey or RGB images, not of an array {images.shape}")
    columns = max(1, min(LARGEST // width, math.ceil(math.sqrt(count * height / width))))
    rows = math.ceil(count / columns)
    if rows * height > LARGEST or width > LARGEST:
        raise ShapeError(f"{count} images of {width} × {height} pixels do not fit on one sheet; show fewer points")
    cells = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    cells[:count] = images.transpose(0, 2, 3, 1)
    picture = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2).reshape(rows * height, -1, channels)
    buffer = io.BytesIO()
    Image.fromarray(picture.squeeze(-1) if channels == 1 else picture).convert("RGB").save(
        buffer, "WEBP", quality=quality, method=2
    )
    return buffer.getvalue(), columns
