"""Your own pictures in a parquet file (or a folder of parquet files), as Hugging Face stores image data sets.

Of a single file, a fifth is held out. In a folder, the files whose names begin with ``train`` and with ``test`` (or
``val``) are the splits; without a test file, a fifth of the training rows is held out. :mod:`.parquet_columns`
describes the meaning of the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simssl_core.config import DataConfig
from simssl_core.data import captions, decoding
from simssl_core.data.datasets.base import LoadedData, held_out, own_path, subset, to_split
from simssl_core.data.datasets.info import OWN_VIEWS, DatasetInfo, register
from simssl_core.data.datasets.parquet_columns import Columns, columns_of, read_factor, read_labels
from simssl_core.errors import DataError

MAX_ROWS = 5_000_000
MIN_ROWS = 10
BATCH = 64  # encoded images read at a time
MAX_CAPTION = 1_000  # characters


@dataclass(frozen=True)
class Part:
    """The files of one split and the rows selected from them (ascending positions in the concatenated files)."""

    files: tuple[Path, ...]
    rows: np.ndarray


def load(config: DataConfig, device: str) -> LoadedData:
    """Load the parquet file or folder at ``config.path``.

    Raises:
        DataError: the path does not exist, is not parquet, has no images, has too many or too few rows, or is damaged.
    """
    train, test = find(own_path(config, "a parquet file, or a folder with train and test parquet files"))
    return load_files(train, test, config, device)


def find(path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The training files and the test files (possibly none) of a parquet file or folder.

    Raises:
        DataError: there is no parquet file.
    """
    if path.is_file():
        return (path,), ()
    files = sorted(file for file in path.glob("*.parquet") if file.is_file())
    test = tuple(file for file in files if file.name.lower().startswith(("test", "val")))
    others = tuple(file for file in files if file not in test)
    train = tuple(file for file in others if file.name.lower().startswith("train"))
    if not others:
        raise DataError(f"{path} holds no parquet file of training images (train*.parquet).")
    return train or others, test


def load_files(train: Sequence[Path], test: Sequence[Path], config: DataConfig, device: str) -> LoadedData:
    """Load the rows that ``config`` selects. Raises DataError like :func:`load`."""
    try:
        columns = columns_of(pq.read_schema(train[0]), str(train[0]))
        total = count_rows(train, columns)
        if test:
            train_rows = subset(total, config.train, config.seed)
            test_rows = subset(count_rows(test, columns), config.test, config.seed)
            parts = Part(tuple(train), train_rows), Part(tuple(test), test_rows)
        else:
            parts = tuple(Part(tuple(train), rows) for rows in held_out(total, config))
        images, readable = _images(parts, columns)
        table = pa.concat_tables([_table(part, columns) for part in parts]).filter(pa.array(readable))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{train[0]} cannot be read as parquet ({error}). Check that the file is complete.") from error
    cut = int(readable[: len(parts[0].rows)].sum())
    return _assemble(images, table, columns, cut, str(train[0]), device)


def count_rows(files: Sequence[Path], columns: Columns) -> int:
    """The number of rows of all files together.

    Raises:
        DataError: there are too few or too many rows, or a file lacks a column.
    """
    total = 0
    for path in files:
        file = pq.ParquetFile(path)
        missing = [name for name in (columns.image, *columns.without_image) if name not in file.schema_arrow.names]
        if missing:
            raise DataError(f"{path} lacks the column {', '.join(missing)} that the other files have.")
        total += file.metadata.num_rows
    if not MIN_ROWS <= total <= MAX_ROWS:
        raise DataError(f"{files[0]} holds {total:,} rows; between {MIN_ROWS} and {MAX_ROWS:,} can be used.")
    return total


def _images(parts: Sequence[Part], columns: Columns) -> decoding.Decoded:
    """The decoded images of all parts in one array, and which of the pictures could be read."""
    files = [path for part in parts for path in part.files]
    key = decoding.key(files, [part.rows for part in parts])
    return decoding.cached(
        key, lambda: decoding.decode_all(pair for part in parts for pair in _encoded(part, columns.image))
    )


def _encoded(part: Part, column: str) -> Iterator[tuple[str, bytes]]:
    """(name, encoded picture) of each selected row. Row groups without a selected row are not read."""
    start = 0
    for path in part.files:
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            first, last = np.searchsorted(part.rows, (start, stop))
            rows = part.rows[first:last] - start
            if len(rows):
                yield from _encoded_in_group(file, group, column, rows, str(path))
            start = stop


def _encoded_in_group(
    file: pq.ParquetFile, group: int, column: str, rows: np.ndarray, path: str
) -> Iterator[tuple[str, bytes]]:
    """(name, encoded picture) of the given ascending rows of one row group."""
    start = 0
    for batch in file.iter_batches(BATCH, row_groups=[group], columns=[column]):
        first, last = np.searchsorted(rows, (start, start + len(batch)))
        for row in rows[first:last]:
            name = f"{path}, row {row} of group {group}"
            cell = batch.column(0)[int(row - start)].as_py()
            content = cell.get("bytes") if isinstance(cell, dict) else cell
            if not content:
                raise DataError(f"{name} has no bytes. Pictures must be embedded in the file; paths are not followed.")
            yield name, content
        start += len(batch)


def _table(part: Part, columns: Columns) -> pa.Table:
    """The selected rows of all columns except the images."""
    if not columns.without_image:
        return pa.table({"row": part.rows})
    tables = [pq.read_table(path, columns=columns.without_image, partitioning=None) for path in part.files]
    return (
        pa.concat_tables(tables, promote_options="permissive").take(pa.array(part.rows)).replace_schema_metadata(None)
    )


def _assemble(images: np.ndarray, table: pa.Table, columns: Columns, cut: int, path: str, device: str) -> LoadedData:
    """Build both splits; the first ``cut`` rows are the training rows, ``path`` is for error messages."""
    label = table.column(columns.label) if columns.label else None
    labels, classes = read_labels(label, columns.classes.get(columns.label), len(images), path)
    pairs = [read_factor(name, table.column(name), columns.classes.get(name)) for name in columns.factors]
    factors = [pair for pair in pairs if pair]
    texts = ()
    if columns.caption:
        texts = tuple((text or "")[:MAX_CAPTION] for text in table.column(columns.caption).to_pylist())
    train, test = (
        to_split(device, images[rows], labels[rows], {factor.name: v[rows] for factor, v in factors}, texts[rows])
        for rows in (slice(cut), slice(cut, None))
    )
    vocabulary = captions.build_vocabulary(train.captions) if texts else ()
    return LoadedData(train, test, classes, tuple(factor for factor, _ in factors), vocabulary)


register(
    DatasetInfo(
        "parquet",
        "Your parquet file",
        "Your own pictures in a parquet file as Hugging Face stores them; other columns of numbers become "
        "factors, and a column of text becomes captions.",
        (0, 0, 0),
        load,
        source="own files",
        views=OWN_VIEWS,
        model={"encoder": "convnet", "width": 64},
        train={"batch": 64, "learning_rate": 1e-3},
    )
)
