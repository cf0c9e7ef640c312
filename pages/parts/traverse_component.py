"""Sliders that answer while they are dragged, and a row of images to choose from, as components."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts.layout import ASSETS
from pages.parts.media import serve


def component(name: str):
    """The component whose files are ``assets/<name>/<name>.*``."""
    files = {kind: (ASSETS / name / f"{name}.{kind}").read_text() for kind in ("html", "css", "js")}
    return st.components.v2.component(f"simssl_{name}", **files)


_SLIDERS, _STRIP = component("traverse"), component("strip")


def asked(key: str, about: str) -> dict[str, Any]:
    """What the sliders ask for: ``offsets`` {dimension: deviations}, ``seq`` of the question, ``all`` dimensions.

    ``about`` names run and image: a question that was about another one counts as none.
    """
    state = st.session_state.get(key) or {}
    move = state.get("move") if isinstance(state.get("move"), dict) else {}
    seq = move.get("seq") if isinstance(move.get("seq"), int) else 0
    offsets = move.get("offsets") if move.get("key") == about and isinstance(move.get("offsets"), dict) else {}
    good = {int(k): float(v) for k, v in offsets.items() if str(k).isdigit() and isinstance(v, (int, float))}
    return {"offsets": {k: max(-6.0, min(6.0, v)) for k, v in good.items()}, "seq": seq, "all": bool(state.get("all"))}


def sliders(
    *,
    key: str,
    about: str,
    seq: int,
    dimensions: Sequence[dict[str, Any]],
    offsets: Sequence[float],
    strips: bytes,
    before: bytes,
    after: bytes,
    near: bytes | None,
    words: dict[str, str],
    more: str,
    everything: bool,
) -> None:
    """A slider for each of ``dimensions`` ({k, name, note}) under its row of ``strips`` (a PNG, a row of tiles each).

    ``before`` and ``after`` are PNG files of single images, ``near`` one of several; they answer question ``seq``. Read
    what is asked with :func:`asked` before calling this.
    """
    data = {
        "key": about,
        "seq": seq,
        "dims": list(dimensions),
        "strip": {"url": serve(strips, "image/png", f"{key}.strips"), "offsets": list(offsets)},
        "before": inline(before),
        "after": inline(after),
        "near": inline(near) if near else None,
        "words": words,
        "more": more,
        "all": everything,
    }
    _SLIDERS(key=key, data=data, on_move_change=_heard, on_all_change=_heard)


def image_strip(
    *,
    key: str,
    label: str,
    sheet: bytes,
    mimetype: str,
    cell: tuple[int, int],
    columns: int,
    order: Sequence[int],
    names: Sequence[str],
    chosen: int,
) -> int | None:
    """A row of images of one sheet, in ``order``, to click on; returns the one last clicked on, or None."""
    url = serve(sheet, mimetype, f"{key}.sheet")
    data = {
        "label": label,
        "sheet": {"url": url, "cell": list(cell), "columns": columns},
        "order": list(order),
        "names": list(names),
        "chosen": chosen,
    }
    picked = _STRIP(key=key, data=data, on_chosen_change=_heard).chosen
    return picked if isinstance(picked, int) else None


def _heard() -> None:
    """A change of state needs a callback to be part of the result; the rerun that follows reads it."""


def inline(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
