"""The role of each column of a parquet file, derived from its type, its name and the Hugging Face metadata.

* image: a struct with ``bytes`` (the Hugging Face image convention), or a binary column;
* label: a column of integers or text called label, labels, fine_label, class, category or target, else a ClassLabel in
  the metadata;
* caption: a text column other than the label; names such as caption or text come first;
* factors: all other columns of numbers. A name that ends in ``deg``, ``degrees`` or ``rad`` marks an angle (circular);
  booleans, ClassLabels and integers 0..k with at most 20 values are discrete; the rest is continuous.
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
MAX_CLASSES = 10_000
MAX_DISCRETE = 20  # integers 0..k with at most this many values are classes, not amounts


@dataclass(frozen=True)
class Columns:
    """The names of the columns by role; ``classes`` holds the class names of each ClassLabel in the metadata."""

    image: str
    label: str | None
    caption: str | None
    factors: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]

    @property
    def without_image(self) -> list[str]:
        """The names of all columns except the image column."""
        return [name for name in (self.label, self.caption, *self.factors) if name]


def columns_of(schema: pa.Schema, path: str) -> Columns:
    """Find the role of each column; ``path`` is for the error message.

    Raises:
        DataError: no column holds images.
    """
    image = next((field.name for field in schema if _holds_images(field.type)), None)
    if image is None:
        raise DataError(
            f"{path} has no column of images (columns: {', '.join(schema.names) or 'none'}). A column of structs "
            "{bytes, path} in the Hugging Face image convention is needed, with the encoded picture in bytes."
        )
    classes = _class_names(schema)
    candidates = [name for name in (*LABELS, *classes) if name in schema.names]
    label = next((name for name in candidates if _can_be_label(schema.field(name).type)), None)
    others = [field for field in schema if field.name != label]
    texts = [field.name for field in others if _is_text(field.type)]
    caption = next((name for name in (*CAPTIONS, *texts) if name in texts), None)
    factors = tuple(field.name for field in others if _is_number(field.type) and not _is_index(field.name))
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


def _can_be_label(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_boolean(kind) or _is_text(kind)


def _is_index(name: str) -> bool:
    """Whether a column holds row numbers, as pandas and others write them; they say nothing about the image."""
    return name.lower() in ("id", "image_id", "index", "__index_level_0__", "unnamed: 0")


def _class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """The class names of each ClassLabel column in the Hugging Face metadata; {} without usable metadata."""
    try:
        metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = metadata.get("info", {}).get("features", {})
        class_names = {
            name: tuple(str(class_name) for class_name in feature["names"])
            for name, feature in features.items()
            if feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}  # metadata are optional: the classes then come from the values of the column
    return {name: names for name, names in class_names.items() if name in schema.names}


def read_labels(
    values: pa.ChunkedArray | None, names: tuple[str, ...] | None, count: int, path: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """A label column as integers (N,) and class names; −1 marks a missing label. ``path`` is for error messages.

    Raises:
        DataError: labels lie outside the class names, or there are more than ``MAX_CLASSES`` classes.
    """
    if values is None:
        return np.full(count, -1), ()
    if _is_text(values.type):
        encoded = values.combine_chunks().dictionary_encode()
        texts = [str(text) for text in encoded.dictionary.to_pylist()]
        classes = sorted(texts)
        _check_classes(len(classes), path)
        ranks = np.array([classes.index(text) for text in texts] + [-1])
        return ranks[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)], tuple(classes)
    labels = values.cast(pa.int64()).fill_null(-1).to_numpy()
    highest, lowest = int(labels.max(initial=-1)), int(labels.min(initial=0))
    if lowest < -1 or (names and highest >= len(names)):
        limit = f"there are {len(names)} class names" if names else "-1 (unlabelled) is the lowest value allowed"
        raise DataError(f"{path}: labels run from {lowest} to {highest}; {limit}.")
    _check_classes(highest + 1, path)
    return labels, names or tuple(str(k) for k in range(highest + 1))


def _check_classes(count: int, path: str) -> None:
    if count > MAX_CLASSES:
        raise DataError(f"{path}: {count:,} classes; at most {MAX_CLASSES:,} are supported. Group them into fewer.")


def read_factor(name: str, values: pa.ChunkedArray, names: tuple[str, ...] | None) -> tuple[Factor, np.ndarray] | None:
    """A column of numbers as a factor with float32 values (N,), angles in radians; None if the values never vary."""
    amounts = values.cast(pa.float64(), safe=False).fill_null(math.nan).to_numpy()
    finite = amounts[np.isfinite(amounts)]
    if not len(finite) or finite.min() == finite.max():
        return None
    ending = name.lower().rsplit("_", 1)[-1]
    if ending in ("deg", "degree", "degrees", "rad", "radians"):
        radians = np.radians(amounts) if ending.startswith("deg") else amounts
        return Factor(name.rsplit("_", 1)[0], "circular", 0.0, 2 * math.pi), radians.astype(np.float32)
    if pa.types.is_boolean(values.type):
        return Factor(name, "discrete", 0, 1, ("no", "yes")), amounts.astype(np.float32)
    if names is None and pa.types.is_integer(values.type) and finite.min() == 0 and finite.max() < MAX_DISCRETE:
        names = tuple(str(k) for k in range(int(finite.max()) + 1))
    if names and finite.min() >= 0 and finite.max() < len(names):
        return Factor(name, "discrete", 0, len(names) - 1, names), amounts.astype(np.float32)
    return Factor(name, "continuous", float(finite.min()), float(finite.max())), amounts.astype(np.float32)
