"""Your own pictures in a parquet file (or a folder of them), as Hugging Face stores image data sets.

A file alone: a fifth is held out. A folder: the files whose names begin with ``train`` and with ``test`` (or ``val``)
are the splits; without a test file a fifth of train is held out. What the columns mean is told in ``columns``.
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

MOST_ROWS = 5_000_000
FEWEST = 10
BATCH = 64  # rows of images held at a time
LONGEST = 1_000  # characters of a caption


@dataclass(frozen=True)
class Part:
    """Files of one split and the rows chosen of them (ascending places in the files' concatenation)."""

    files: tuple[Path, ...]
    rows: np.ndarray


def load(config: DataConfig, device: str) -> LoadedData:
    """Load the parquet file or folder at ``config.path``.

    Raises:
        DataError: nothing there, not parquet, no images, too many or too few rows, or damage.
    """
    train, test = find(own_path(config, "a parquet file, or a folder with train and test parquet files"))
    return load_files(train, test, config, device)


def find(place: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files of train and of test (perhaps none) at ``place``.

    Raises:
        DataError: there is no parquet file.
    """
    if place.is_file():
        return (place,), ()
    files = sorted(p for p in place.glob("*.parquet") if p.is_file())
    test = tuple(p for p in files if p.name.lower().startswith(("test", "val")))
    train = tuple(p for p in files if p not in test)
    named = tuple(p for p in train if p.name.lower().startswith("train"))
    if not train:
        raise DataError(f"{place} holds no parquet file of training images (train*.parquet).")
    return named or train, test


def load_files(train: Sequence[Path], test: Sequence[Path], config: DataConfig, device: str) -> LoadedData:
    """Load the rows that ``config`` asks for. Raises DataError as :func:`load`."""
    try:
        columns = columns_of(pq.read_schema(train[0]), str(train[0]))
        total = count_rows(train, columns)
        if test:
            held = subset(count_rows(test, columns), config.test, config.seed)
            parts = Part(tuple(train), subset(total, config.train, config.seed)), Part(tuple(test), held)
        else:
            parts = tuple(Part(tuple(train), rows) for rows in held_out(total, config))
        images, kept = _images(parts, columns)
        table = pa.concat_tables([_table(part, columns) for part in parts]).filter(pa.array(kept))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{train[0]} cannot be read as parquet ({error}). Is the file whole?") from error
    return _assemble(images, table, columns, int(kept[: len(parts[0].rows)].sum()), str(train[0]), device)


def count_rows(files: Sequence[Path], columns: Columns) -> int:
    """Rows of all files together.

    Raises:
        DataError: fewer than ten or too many, or a file that lacks a column.
    """
    total = 0
    for path in files:
        opened = pq.ParquetFile(path)
        lacking = [n for n in (columns.image, *columns.small) if n not in opened.schema_arrow.names]
        if lacking:
            raise DataError(f"{path} lacks the column {', '.join(lacking)} that the other files have.")
        total += opened.metadata.num_rows
    if not FEWEST <= total <= MOST_ROWS:
        raise DataError(f"{files[0]} holds {total:,} rows; between {FEWEST} and {MOST_ROWS:,} can be used.")
    return total


def _images(parts: Sequence[Part], columns: Columns) -> decoding.Decoded:
    files = [path for part in parts for path in part.files]
    name = decoding.key(files, [part.rows for part in parts])
    return decoding.cached(
        name, lambda: decoding.decode_all(pair for part in parts for pair in _encoded(part, columns.image))
    )


def _encoded(part: Part, column: str) -> Iterator[tuple[str, bytes]]:
    """(name, encoded picture) of each chosen row. Row groups of which no row is chosen are not read."""
    start = 0
    for path in part.files:
        opened = pq.ParquetFile(path)
        for group in range(opened.num_row_groups):
            stop = start + opened.metadata.row_group(group).num_rows
            first, last = np.searchsorted(part.rows, (start, stop))
            chosen = part.rows[first:last] - start
            if len(chosen):
                yield from _of_group(opened, group, column, chosen, f"{path}, row")
            start = stop


def _of_group(opened: pq.ParquetFile, group: int, column: str, chosen: np.ndarray, place: str):
    begin = 0
    for batch in opened.iter_batches(BATCH, row_groups=[group], columns=[column]):
        first, last = np.searchsorted(chosen, (begin, begin + len(batch)))
        for row in chosen[first:last]:
            cell = batch.column(0)[int(row - begin)].as_py()
            content = cell.get("bytes") if isinstance(cell, dict) else cell
            if not content:
                raise DataError(
                    f"{place} {row} of group {group} has no bytes. Pictures must be embedded in the file; paths are "
                    "not followed."
                )
            yield f"{place} {row} of group {group}", content
        begin += len(batch)


def _table(part: Part, columns: Columns) -> pa.Table:
    """The chosen rows of all columns but the images."""
    if not columns.small:
        return pa.table({"row": part.rows})
    tables = [pq.read_table(path, columns=columns.small, partitioning=None) for path in part.files]
    return (
        pa.concat_tables(tables, promote_options="permissive").take(pa.array(part.rows)).replace_schema_metadata(None)
    )


def _assemble(images: np.ndarray, table: pa.Table, columns: Columns, cut: int, place: str, device: str) -> LoadedData:
    label = table.column(columns.label) if columns.label else None
    labels, classes = read_labels(label, columns.classes.get(columns.label), len(images), place)
    pairs = [read_factor(name, table.column(name), columns.classes.get(name)) for name in columns.factors]
    factors = [pair for pair in pairs if pair]
    written = ()
    if columns.caption:
        written = tuple((text or "")[:LONGEST] for text in table.column(columns.caption).to_pylist())
    train, test = (
        to_split(device, images[part], labels[part], {f.name: v[part] for f, v in factors}, written[part])
        for part in (slice(cut), slice(cut, None))
    )
    vocabulary = captions.build_vocabulary(train.captions) if written else ()
    return LoadedData(train, test, classes, tuple(f for f, _ in factors), vocabulary)


register(
    DatasetInfo(
        "parquet",
        "Your parquet file",
        "Your own pictures in a parquet file as Hugging Face stores them; further columns of numbers become "
        "factors, a column of text becomes captions.",
        (0, 0, 0),
        load,
        source="own files",
        views=OWN_VIEWS,
        model={"encoder": "convnet", "width": 64},
        train={"batch": 64, "learning_rate": 1e-3},
    )
)
