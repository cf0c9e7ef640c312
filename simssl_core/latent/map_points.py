"""The points of the map as a table with their images, in the same order as ``Features.map``."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from simssl_core.data.catalog import Dataset
from simssl_core.data.probe_set import MEASUREMENT_SEED, Plan, batches, cloud_views
from simssl_core.data.types import Factor, Views
from simssl_core.data.view_maker import ViewMaker
from simssl_core.errors import ShapeError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("point", "label", "class", "instance", "view")  # every further column is a factor
LARGEST = 16_383  # pixels on a side: the limit of WebP


def map_points(
    dataset: Dataset, view_maker: ViewMaker, plan: Plan, seed: int = MEASUREMENT_SEED
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row and one image for each point of the map.

    Columns: ``point`` 0..N−1, ``label`` (−1: none), ``class``, ``instance`` (−1: a test image, otherwise the number of
    its cloud), ``view`` (−1: the unaugmented image), and one column for each factor: the true factors of the image, or
    for a view the factors drawn for it. NaN marks a factor that an image does not have.

    Returns:
        the table, and images uint8 (N, C, H, W).
    """
    import pandas as pd

    places = plan.map_places(dataset.test)
    device = dataset.test.images.device
    test_images = [_bytes(view_maker.plain(dataset.test, piece.to(device))) for piece in batches(places)]
    clouds = list(cloud_views(dataset, view_maker, plan, seed))
    rows = [_plain_rows(dataset, places)]
    instance = 0
    for views in clouds:
        rows.append(_cloud_rows(dataset, views, instance))
        instance += len(views.index)
    table = pd.concat([pd.DataFrame(columns) for columns in rows], ignore_index=True)
    table.insert(0, "point", np.arange(len(table)))
    classes = [dataset.classes[label] if 0 <= label < len(dataset.classes) else "" for label in table["label"]]
    table.insert(2, "class", classes)
    view_images = [_bytes(views.images.transpose(0, 1).flatten(0, 1)) for views in clouds]
    return _tidy(table, (*dataset.factors, *view_maker.factors)), np.concatenate(test_images + view_images)


def _plain_rows(dataset: Dataset, places: torch.Tensor) -> dict[str, np.ndarray]:
    """Return the columns of the unaugmented test images at ``places`` (N,)."""
    split = dataset.test
    indices = places.to(split.labels.device)
    none = np.full(len(places), -1)
    rows = {"label": split.labels[indices].cpu().numpy(), "instance": none, "view": none}
    return {name: values[indices].cpu().numpy() for name, values in split.factors.items()} | rows


def _cloud_rows(dataset: Dataset, views: Views, first: int) -> dict[str, np.ndarray]:
    """Return the columns of instance clouds, datum by datum; the clouds are numbered from ``first``.

    A factor drawn for a view replaces the value of the datum itself.
    """
    count, data = views.images.shape[:2]
    rows = {
        "label": np.repeat(views.labels.cpu().numpy(), count),
        "instance": np.repeat(np.arange(first, first + data), count),
        "view": np.tile(np.arange(count), data),
    }
    datum_factors = {name: values[views.index].cpu().numpy() for name, values in dataset.test.factors.items()}
    factors = {name: np.repeat(values, count) for name, values in datum_factors.items()}
    factors |= {name: values.T.flatten().cpu().numpy() for name, values in views.factors.items()}
    return factors | rows


def _tidy(table: pd.DataFrame, factors: tuple[Factor, ...]) -> pd.DataFrame:
    """Order the columns and convert factors to float32; factors named like one of :data:`COLUMNS` are left out."""
    names = [f.name for f in dict.fromkeys(factors) if f.name in table.columns and f.name not in COLUMNS]
    ordered = table[[*COLUMNS, *dict.fromkeys(names)]]
    kinds = {"point": np.int64, "label": np.int64, "instance": np.int64, "view": np.int64}
    return ordered.astype(kinds | dict.fromkeys(names, np.float32))


def _bytes(images: torch.Tensor) -> np.ndarray:
    """Convert floats in [0, 1] to uint8."""
    return images.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def sheet(images: np.ndarray, quality: int = 80) -> tuple[bytes, int]:
    """Put all images into one WebP file at their own size, row by row.

    Args:
        images: uint8 (N, C, H, W), C = 1 or 3.

    Returns:
        the bytes of the file, and the number of columns (the sheet is about square, for WebP's limit of 16,383 pixels).

    Raises:
        ShapeError: there are no images, another number of channels, or too many images for one sheet.
    """
    from PIL import Image

    count, channels, height, width = images.shape
    if not count or channels not in (1, 3):
        raise ShapeError(f"a sheet needs one or more grey or RGB images, not an array of shape {images.shape}")
    columns = max(1, min(LARGEST // width, math.ceil(math.sqrt(count * height / width))))
    rows = math.ceil(count / columns)
    if rows * height > LARGEST or width > LARGEST:
        raise ShapeError(f"{count} images of {width} × {height} pixels do not fit on one sheet; show fewer points")
    cells = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    cells[:count] = images.transpose(0, 2, 3, 1)
    grid = cells.reshape(rows, columns, height, width, channels)
    pixels = grid.swapaxes(1, 2).reshape(rows * height, -1, channels)
    picture = Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels).convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue(), columns
