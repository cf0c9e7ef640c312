"""A form made from configuration fields: type, range, default and help all come from the field itself."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

WIDEST_SLIDER = 1000  # a range wider than this is typed, not dragged


def ask_all(
    model: type[BaseModel],
    values: Mapping[str, Any],
    prefix: str,
    only: Iterable[str] | None = None,
    choices: Mapping[str, tuple[str, ...]] | None = None,
    columns: int = 1,
    shown: bool = True,
) -> dict[str, Any]:
    """A widget for every field of ``model`` (or those in ``only``), starting from ``values``; the advanced ones folded.

    Returns the answers as they were typed; ``simssl_core.config.parse`` judges them. What nobody sees is not built (of
    50 widgets 36 lie in folds): where not ``shown``, or in a closed fold, the answers are those given before.
    """
    names = [name for name in model.model_fields if only is None or name in set(only)]
    if not shown:
        return {name: _given(model, name, values, prefix, choices) for name in names}
    plain = [name for name in names if not is_advanced(model.model_fields[name])]
    folded = [name for name in names if name not in plain]
    with _columns(columns):
        answers = {name: _ask(model, name, values, prefix, choices) for name in plain}
    if folded:
        with fold("Advanced", f"{prefix}.advanced") as seen, _columns(columns if seen else 1):
            take = _ask if seen else _given
            answers |= {name: take(model, name, values, prefix, choices) for name in folded}
    return answers


@contextmanager
def fold(label: str, key: str) -> Iterator[bool]:
    """A closed expander; what stands in it is built once it is open (told by the value)."""
    with st.expander(label, key=key, on_change="rerun") as box:
        yield bool(box.open)


def _columns(count: int) -> AbstractContextManager:
    return st.grid(count, min_column_width=110) if count > 1 else nullcontext()


def _ask(model: type[BaseModel], name: str, values: Mapping[str, Any], prefix: str, choices: Mapping | None) -> Any:
    info = model.model_fields[name]
    value = values.get(name, info.get_default(call_default_factory=True))
    return ask(name, info, value, f"{prefix}.{name}", (choices or {}).get(name, ()))


def _given(model: type[BaseModel], name: str, values: Mapping[str, Any], prefix: str, choices: Mapping | None) -> Any:
    """What :func:`_ask` would return, without its widget: the answer once given to it, or where it would start."""
    info = model.model_fields[name]
    start = values.get(name, info.get_default(call_default_factory=True))
    answer = st.session_state.get(f"{prefix}.{name}", start)
    kind, optional = kind_of(info.annotation)
    if typing.get_origin(kind) is tuple:
        return tuple(answer if isinstance(answer, (list, tuple)) else _parts(answer))
    return answer or (None if optional else "") if kind is str else answer


def ask(
    name: str, info: FieldInfo, value: Any, key: str, choices: tuple[str, ...] = (), label: str | None = None
) -> Any:
    """The one widget that fits a field; what is typed survives a change of page."""
    kind, optional = kind_of(info.annotation)
    common = {"label": label or words(name), "help": info.description, "key": key, "persist_state": "session"}
    if kind is bool:
        return st.toggle(value=value, **common)
    if typing.get_origin(kind) is Literal:
        return st.pills(options=list(typing.get_args(kind)), default=value, required=True, **common)
    if typing.get_origin(kind) is tuple:
        return _ask_many(value, choices, common)
    if kind in (int, float):
        return _ask_number(kind, optional, info, value, common)
    return st.text_input(value=value or "", **common) or (None if optional else "")


def dial(name: str, info: FieldInfo, value: Any, key: str, label: str) -> Any:
    """A knob to turn while a run trains: a slider that multiplies where the range spans powers of ten."""
    low, high = limits(info)
    if kind_of(info.annotation)[0] is not float or low is None or not high or high < 100 * max(low, 1e-9):
        return ask(name, info, value, key, label=label)
    return st.select_slider(
        label,
        dial_steps(low, high, float(value)),
        value=float(value),
        format_func="{:g}".format,
        help=info.description,
        key=key,
        persist_state="session",
    )


def dial_steps(low: float, high: float, value: float) -> list[float]:
    """Six values to each power of ten, from ``low`` (or a millionth of ``high``) to ``high``, and ``value`` itself."""
    least = max(low, high * 1e-6)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(high))
    round_ones = [float(f"{m}e{power}") for power in range(first, last + 1) for m in ("1", "1.5", "2", "3", "5", "7")]
    return sorted(
        {low or 0.0, high, value, *(v for v in round_ones if least <= v <= high)} - ({0.0} if low > 0 else set())
    )


def _ask_many(value: Any, choices: tuple[str, ...], common: dict) -> Any:
    if choices:
        return tuple(st.pills(options=list(choices), selection_mode="multi", default=list(value), **common))
    return _parts(st.text_input(value=", ".join(str(v) for v in value), **common))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _ask_number(kind: type, optional: bool, info: FieldInfo, value: Any, common: dict) -> Any:
    low, high = limits(info)
    step = extra(info).get("step")
    draggable = None not in (low, high) and not optional and step is None and high - low <= WIDEST_SLIDER
    if kind is int:
        widget = st.slider if draggable and high - low <= 64 else st.number_input
        whole = {"min_value": None if low is None else int(low), "max_value": None if high is None else int(high)}
        return widget(value=value, step=1, **whole, **common)
    real = {"min_value": None if low is None else float(low), "max_value": None if high is None else float(high)}
    if draggable:
        return st.slider(value=float(value), step=_fine(high - low), **real, **common)
    start = None if value is None else float(value)
    return st.number_input(value=start, step=step or _coarse(value), format="%.5g", **real, **common)


def _fine(span: float) -> float:
    return 0.01 if span <= 1 else 0.05 if span <= 10 else 1.0


def _coarse(value: float | None) -> float:
    return 1.0 if value is None or abs(value) >= 10 else 0.1 if abs(value) >= 1 else 0.01


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
