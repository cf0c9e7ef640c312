"""What a configuration field says of itself: its label, its limits, its type, whether it may change while training."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

# Names that read badly as labels; all others are made from the field's name.
LABELS = {
    "count": "Views of each datum (J)",
    "shared": "Shared by all views: the content",
    "crop_min": "Smallest crop",
    "crop_max": "Largest crop",
    "hflip": "Flip left-right",
    "vflip": "Flip upside down",
    "width": "Width D",
    "batch": "Data per step",
    "seconds": "Seconds at most",
    "train": "Training images",
    "test": "Held-out images",
    "sigma2": "σ², spread of views",
    "gamma2": "γ², spread of content",
    "beta": "β",
    "temperature": "Temperature τ",
}


def words(name: str) -> str:
    """A field's name as a label: ``learning_rate`` → "Learning rate"."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def is_live(info: FieldInfo) -> bool:
    """Whether the field may change while a run trains."""
    return bool(extra(info).get("live"))


def is_advanced(info: FieldInfo) -> bool:
    """Whether the field is folded away at first."""
    return bool(extra(info).get("advanced"))


def limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest value the field takes (an open bound counts as closed: the model checks again)."""
    low = high = None
    for rule in info.metadata:
        low = next((getattr(rule, name) for name in ("ge", "gt") if getattr(rule, name, None) is not None), low)
        high = next((getattr(rule, name) for name in ("le", "lt") if getattr(rule, name, None) is not None), high)
    return low, high


def extra(info: FieldInfo) -> Mapping[str, Any]:
    """What was noted beside the field: live, advanced, step."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def kind_of(annotation: Any) -> tuple[Any, bool]:
    """The type without its "or None", and whether it had one."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(annotation) if a is not type(None)]
        return rest[0], len(rest) < len(typing.get_args(annotation))
    return annotation, False
