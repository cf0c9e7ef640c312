"""Sliders that answer while they are dragged, as a component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.components.base import component, inline, listen, serve

_SLIDERS = component("sliders")


def slider_move(key: str, about: str) -> dict[str, Any]:
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
    what is asked with :func:`slider_move` before calling this.
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
    _SLIDERS(key=key, data=data, on_move_change=listen, on_all_change=listen)
