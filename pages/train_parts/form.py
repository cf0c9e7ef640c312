"""A form made from configuration fields: type, range, default and help text all come from the field itself."""

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

WIDEST_SLIDER = 1000  # a wider range gets a number box instead of a slider


def ask_all(
    model: type[BaseModel],
    values: Mapping[str, Any],
    prefix: str,
    only: Iterable[str] | None = None,
    choices: Mapping[str, tuple[str, ...]] | None = None,
    columns: int = 1,
    visible: bool = True,
) -> dict[str, Any]:
    """Show a widget for every field of ``model`` (or those in ``only``), with the advanced ones in a fold.

    A widget starts at its field's entry in ``values``, else at the field's default. ``choices`` lists the options of
    fields that take several. Returns the answers as typed; ``simssl_core.config.parse`` validates them. Widgets that
    cannot be seen are not built (of 50 widgets 36 lie in folds): if the form is not ``visible``, and for a closed
    fold, the earlier answers are returned.
    """
    names = [name for name in model.model_fields if only is None or name in set(only)]
    if not visible:
        return {name: _stored_answer(model, name, values, prefix, choices) for name in names}
    plain = [name for name in names if not is_advanced(model.model_fields[name])]
    folded = [name for name in names if name not in plain]
    with _columns(columns):
        answers = {name: _ask_field(model, name, values, prefix, choices) for name in plain}
    if folded:
        with fold("Advanced", f"{prefix}.advanced") as is_open, _columns(columns if is_open else 1):
            answer_of = _ask_field if is_open else _stored_answer
            answers |= {name: answer_of(model, name, values, prefix, choices) for name in folded}
    return answers


@contextmanager
def fold(label: str, key: str) -> Iterator[bool]:
    """An expander that starts closed. Yields whether it is open, so that its content need only be built then."""
    with st.expander(label, key=key, on_change="rerun") as box:
        yield bool(box.open)


def _columns(count: int) -> AbstractContextManager:
    return st.grid(count, min_column_width=110) if count > 1 else nullcontext()


def _ask_field(
    model: type[BaseModel], name: str, values: Mapping[str, Any], prefix: str, choices: Mapping | None
) -> Any:
    info = model.model_fields[name]
    value = values.get(name, info.get_default(call_default_factory=True))
    return ask(name, info, value, f"{prefix}.{name}", (choices or {}).get(name, ()))


def _stored_answer(
    model: type[BaseModel], name: str, values: Mapping[str, Any], prefix: str, choices: Mapping | None
) -> Any:
    """What :func:`_ask_field` would return, without building the widget: its earlier answer, or its start value."""
    info = model.model_fields[name]
    start = values.get(name, info.get_default(call_default_factory=True))
    answer = st.session_state.get(f"{prefix}.{name}", start)
    kind, optional = split_optional(info.annotation)
    if typing.get_origin(kind) is tuple:
        return tuple(answer if isinstance(answer, (list, tuple)) else _split_commas(answer))
    if kind is str and not answer:
        return None if optional else ""
    return answer


def ask(
    name: str, info: FieldInfo, value: Any, key: str, choices: tuple[str, ...] = (), label: str | None = None
) -> Any:
    """Show the widget that suits the field's type and return its answer, which survives a change of page."""
    kind, optional = split_optional(info.annotation)
    common = {"label": label or field_label(name), "help": info.description, "key": key, "persist_state": "session"}
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
    """A knob to change while a run trains: a logarithmic slider if the range spans at least two powers of ten."""
    low, high = limits(info)
    kind, _ = split_optional(info.annotation)
    if kind is not float or low is None or not high or high < 100 * max(low, 1e-9):
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
    """The slider's values in order: six per power of ten from ``low`` to ``high``, with both ends and ``value``.

    If ``low`` is below a millionth of ``high``, the regular values start at that millionth.
    """
    least = max(low, high * 1e-6)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(high))
    round_values = [float(f"{m}e{power}") for power in range(first, last + 1) for m in ("1", "1.5", "2", "3", "5", "7")]
    steps = {low or 0.0, high, value, *(v for v in round_values if least <= v <= high)}
    if low > 0:
        steps.discard(0.0)
    return sorted(steps)


def _ask_many(value: Any, choices: tuple[str, ...], common: dict) -> Any:
    if choices:
        return tuple(st.pills(options=list(choices), selection_mode="multi", default=list(value), **common))
    return _split_commas(st.text_input(value=", ".join(str(v) for v in value), **common))


def _split_commas(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _ask_number(kind: type, optional: bool, info: FieldInfo, value: Any, common: dict) -> Any:
    low, high = limits(info)
    step = _extras(info).get("step")
    draggable = None not in (low, high) and not optional and step is None and high - low <= WIDEST_SLIDER
    if kind is int:
        widget = st.slider if draggable and high - low <= 64 else st.number_input
        bounds = {"min_value": None if low is None else int(low), "max_value": None if high is None else int(high)}
        return widget(value=value, step=1, **bounds, **common)
    bounds = {"min_value": None if low is None else float(low), "max_value": None if high is None else float(high)}
    if draggable:
        return st.slider(value=float(value), step=_slider_step(high - low), **bounds, **common)
    start = None if value is None else float(value)
    return st.number_input(value=start, step=step or _box_step(value), format="%.5g", **bounds, **common)


def _slider_step(span: float) -> float:
    """The step of a slider over a range of width ``span``."""
    if span <= 1:
        return 0.01
    return 0.05 if span <= 10 else 1.0


def _box_step(value: float | None) -> float:
    """The step of a number box that starts at ``value``."""
    if value is None or abs(value) >= 10:
        return 1.0
    return 0.1 if abs(value) >= 1 else 0.01


# Labels of fields whose names do not make good ones; every other label is made from the field's name.
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


def field_label(name: str) -> str:
    """The label of a field, by default made from its name: ``learning_rate`` → "Learning rate"."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def is_live(info: FieldInfo) -> bool:
    """Whether the field may change while a run trains."""
    return bool(_extras(info).get("live"))


def is_advanced(info: FieldInfo) -> bool:
    """Whether the field belongs in the fold "Advanced"."""
    return bool(_extras(info).get("advanced"))


def limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest value of the field (None: no bound); exclusive bounds are returned like others.

    The model validates the answer again, so an exclusive bound need not be treated separately here.
    """
    low = high = None
    for rule in info.metadata:
        low = next((getattr(rule, name) for name in ("ge", "gt") if getattr(rule, name, None) is not None), low)
        high = next((getattr(rule, name) for name in ("le", "lt") if getattr(rule, name, None) is not None), high)
    return low, high


def _extras(info: FieldInfo) -> Mapping[str, Any]:
    """What the configuration declares beside the field for this form: live, advanced, step."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def split_optional(annotation: Any) -> tuple[Any, bool]:
    """Split "T or None" into T and True; any other type is returned with False."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = typing.get_args(annotation)
        types_but_none = [member for member in members if member is not type(None)]
        return types_but_none[0], len(types_but_none) < len(members)
    return annotation, False
