"""What each column of a parquet file is for, told from its type, its name and the notes that Hugging Face leaves.

* image: a struct with ``bytes`` (the Hugging Face image convention), or a binary column;
* label: a ClassLabel in the notes, else a column called label, labels, class, category or target, of integers or text;
* caption: the first text column that is not the label (one called caption or text first);
* factors: every other number. A name that ends in ``deg``, ``degrees`` or ``rad`` is an angle, which goes round; truth
  values, ClassLabels and integers 0..k of at most 20 values are discrete; the rest is continuous.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simssl_core.data.types import Factor
from simssl_core.errors import DataError

LABELS = ("label", "labels", "fine_label", "class", "category", "target")
CAPTIONS = ("caption", "captions", "text", "description", "sentence")
MOST_CLASSES = 10_000
FEW = 20  # integers of at most this many values, 0..k, are classes and not amounts


@dataclass(frozen=True)
class Columns:
    """Names of the columns by what they are for; ``classes`` the class names of each ClassLabel in the notes."""

    image: str
    label: str | None
    caption: str | None
    factors: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]

    @property
    def small(self) -> list[str]:
        """All but the images."""
        return [name for name in (self.label, self.caption, *self.factors) if name]


def columns_of(schema: pa.Schema, place: str) -> Columns:
    """Tell what each column is for.

    Raises:
        DataError: no column holds images.
    """
    image = next((f.name for f in schema if _holds_images(f.type)), None)
    if image is None:
        raise DataError(
            f"{place} has no column of images (columns: {', '.join(schema.names) or 'none'}). Needed: a column of "
            "structs {bytes, path} as the Hugging Face image convention has it, with the encoded picture in bytes."
        )
    classes = _class_names(schema)
    label = next((n for n in (*LABELS, *classes) if n in schema.names and _labels(schema.field(n).type)), None)
    texts = [f.name for f in schema if _is_text(f.type) and f.name != label]
    caption = next((n for n in (*CAPTIONS, *texts) if n in texts), None)
    factors = tuple(f.name for f in schema if _is_number(f.type) and f.name != label and not _is_index(f.name))
    return Columns(image, label, caption, factors, classes)


def _holds_images(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _is_binary(field.type) for field in kind)
    return _is_binary(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _labels(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_boolean(kind) or _is_text(kind)


def _is_index(name: str) -> bool:
    """Row numbers that pandas and others leave behind say nothing about the image."""
    return name.lower() in ("id", "image_id", "index", "__index_level_0__", "unnamed: 0")


def _class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    try:
        notes = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = notes.get("info", {}).get("features", {})
        found = {
            name: tuple(str(n) for n in feature["names"])
            for name, feature in features.items()
            if feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}  # notes are a help; without them the column's own values serve
    return {name: names for name, names in found.items() if name in schema.names}


def read_labels(values: pa.ChunkedArray | None, names: tuple[str, ...] | None, count: int, place: str):
    """A label column as (int64 (N,), class names); −1 where there is none.

    Raises:
        DataError: numbers outside the class names, or more classes than can be.
    """
    if values is None:
        return np.full(count, -1), ()
    if _is_text(values.type):
        encoded = values.combine_chunks().dictionary_encode()
        texts = [str(t) for t in encoded.dictionary.to_pylist()]
        order = sorted(texts)
        _check_classes(len(order), place)
        rank = np.array([order.index(text) for text in texts] + [-1])
        return rank[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)], tuple(order)
    labels = values.cast(pa.int64()).fill_null(-1).to_numpy()
    most, least = int(labels.max(initial=-1)), int(labels.min(initial=0))
    if least < -1 or (names and most >= len(names)):
        allowed = f"there are {len(names)} class names" if names else "-1 (unlabelled) is the least allowed"
        raise DataError(f"{place}: labels run from {least} to {most}; {allowed}.")
    _check_classes(most + 1, place)
    return labels, names or tuple(str(k) for k in range(most + 1))


def _check_classes(count: int, place: str) -> None:
    if count > MOST_CLASSES:
        raise DataError(f"{place}: {count:,} classes; at most {MOST_CLASSES:,} can be told apart here. Group them.")


def read_factor(name: str, values: pa.ChunkedArray, names: tuple[str, ...] | None) -> tuple[Factor, np.ndarray] | None:
    """A column of numbers as a factor and float32 (N,), angles in radians; None if it never varies."""
    amounts = values.cast(pa.float64(), safe=False).fill_null(math.nan).to_numpy()
    finite = amounts[np.isfinite(amounts)]
    if not len(finite) or finite.min() == finite.max():
        return None
    ending = name.lower().rsplit("_", 1)[-1]
    if ending in ("deg", "degree", "degrees", "rad", "radians"):
        turned = np.radians(amounts) if ending.startswith("deg") else amounts
        return Factor(name.rsplit("_", 1)[0], "circular", 0.0, 2 * math.pi), turned.astype(np.float32)
    if pa.types.is_boolean(values.type):
        return Factor(name, "discrete", 0, 1, ("no", "yes")), amounts.astype(np.float32)
    if names is None and pa.types.is_integer(values.type) and finite.min() == 0 and finite.max() < FEW:
        names = tuple(str(k) for k in range(int(finite.max()) + 1))
    if names and finite.min() >= 0 and finite.max() < len(names):
        return Factor(name, "discrete", 0, len(names) - 1, names), amounts.astype(np.float32)
    return Factor(name, "continuous", float(finite.min()), float(finite.max())), amounts.astype(np.float32)
