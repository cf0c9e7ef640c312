"""Sliders whose picture follows while they are dragged, as a component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components.base import component, inline, listen, serve

_SLIDERS = component("sliders")


@dataclass(frozen=True)
class SliderMove:
    """The newest move that the browser sent."""

    offsets: dict[int, float]  # by direction, in standard deviations from −6 to 6
    seq: int  # the question's number; its answer carries the same
    show_all: bool  # whether all directions are shown, not only the first few


def slider_move(key: str, subject: str) -> SliderMove:
    """The move of the component ``key``. Values of a wrong type, as a foreign hand may send them, are left out.

    ``subject`` names what is moved (run, image, kind of direction): a move of another subject counts as none.
    """
    state = st.session_state.get(key) or {}
    move = state.get("move") if isinstance(state.get("move"), dict) else {}
    seq = move.get("seq") if isinstance(move.get("seq"), int) else 0
    sent = move.get("offsets") if move.get("key") == subject and isinstance(move.get("offsets"), dict) else {}
    valid = {int(k): float(v) for k, v in sent.items() if str(k).isdigit() and isinstance(v, (int, float))}
    offsets = {k: max(-6.0, min(6.0, value)) for k, value in valid.items()}
    return SliderMove(offsets, seq, bool(state.get("all")))


def sliders(
    *,
    key: str,
    subject: str,
    seq: int,
    dimensions: Sequence[dict[str, Any]],
    offsets: Sequence[float],
    strips: bytes,
    before: bytes,
    after: bytes,
    near: bytes | None,
    texts: dict[str, str],
    more: str,
    show_all: bool,
) -> None:
    """A slider for each of ``dimensions`` ({k, name, note}) under its row of ``strips`` (a PNG, a row of tiles each).

    ``before`` and ``after`` are PNG files of single images, ``near`` one of several; they answer question ``seq``. Read
    the question with :func:`slider_move` before calling this. ``texts`` are the captions: of the ``image``, of the
    picture ``after`` while nothing is ``moved`` (``still``), and of the sliders (``scale``).
    """
    data = {
        "key": subject,
        "seq": seq,
        "dims": list(dimensions),
        "strip": {"url": serve(strips, "image/png", f"{key}.strips"), "offsets": list(offsets)},
        "before": inline(before),
        "after": inline(after),
        "near": inline(near) if near else None,
        "words": texts,
        "more": more,
        "all": show_all,
    }
    _SLIDERS(key=key, data=data, on_move_change=listen, on_all_change=listen)
