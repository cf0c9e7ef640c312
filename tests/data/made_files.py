"""Files that the data tests read: pictures, parquet files, and small copies of the published formats."""

from __future__ import annotations

import gzip
import io
import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def picture(seed: int, size: tuple[int, int] = (12, 12), mode: str = "RGB") -> Image.Image:
    """A picture of one random colour, ``size`` = (width, height)."""
    colour = tuple(int(v) for v in np.random.default_rng(seed).integers(0, 256, 3))
    return Image.new("RGB", size, colour).convert(mode)


def encoded(image: Image.Image, format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def folder_of(place: Path, counts: dict[str, int], **kind) -> Path:
    """``counts[name]`` pictures in each sub-folder ``name`` of ``place``."""
    for row, (name, count) in enumerate(counts.items()):
        (place / name).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            picture(1000 * row + k, **kind).save(place / name / f"{k:03}.png")
    return place


def parquet_of(path: Path, count: int = 20, notes: dict | None = None, images: list | None = None, **columns) -> Path:
    """A parquet file in the Hugging Face image convention with further ``columns``."""
    cells = images or [{"bytes": encoded(picture(k)), "path": None} for k in range(count)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), **columns})
    if notes:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": notes}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=7)
    return path


def idx_file(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())
    return path


def mnist_in(root: Path, folder: str = "MNIST", count: int = 80) -> Path:
    """A small data set in MNIST's files: image k has every pixel k, label k mod 10."""
    values = np.arange(count)
    images = np.broadcast_to(values[:, None, None], (count, 28, 28))
    for part in ("train", "t10k"):
        idx_file(root / folder / "raw" / f"{part}-images-idx3-ubyte.gz", images)
        idx_file(root / folder / "raw" / f"{part}-labels-idx1-ubyte.gz", values % 10)
    return root / folder / "raw"
