"""Live charts and small moving maps: two canvas components that keep zoom, hover and motion through every update.

Plotly forgets its zoom whenever its data change, so it serves the figures that stand still (simssl_core.figures).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.parts.layout import ASSETS


def _joined(*names: str) -> str:
    return "\n".join((ASSETS / name).read_text() for name in names)


_BOARD = st.components.v2.component(
    "simssl_live_board",
    html='<div class="board"></div>\n',
    css=_joined("live_board.css"),
    js=_joined("live_board.js", "live_board_draw.js", "live_board_save.js"),
)
_MAPS = st.components.v2.component(
    "simssl_mini_maps", html='<div class="maps"></div>\n', css=_joined("mini_maps.css"), js=_joined("mini_maps.js")
)


def packed(values: Any, kind: str = "<f4") -> str:
    """An array as base64 of little-endian ``kind``: a third of the size of JSON numbers, and no parsing."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def series(name: str, colour: str, steps: Sequence[float], values: Sequence[float], dash: bool = False) -> dict:
    """One curve: its name in the legend, its colour, and as many ``steps`` as ``values``."""
    return {"name": name, "colour": colour, "x": packed(steps), "y": packed(values), "dash": dash}


def panel(
    id: str,
    title: str,
    curves: Sequence[dict],
    kind: str = "lines",
    low: float | None = None,
    high: float | None = None,
    lines: Sequence[tuple[float, str]] = (),
) -> dict:
    """One chart: ``kind`` "lines" or "stack" (parts piled from zero), fixed limits or none, reference ``lines``."""
    marks = [{"y": y, "text": text} for y, text in lines]
    return {"id": id, "title": title, "series": list(curves), "kind": kind, "low": low, "high": high, "lines": marks}


def section(title: str, caption: str, panels: Sequence[dict]) -> dict:
    """A row of charts under one title, with a caption that says what to see."""
    return {"title": title, "caption": caption, "panels": list(panels)}


def live_board(
    sections: Sequence[dict],
    marks: Sequence[tuple[float, str]] = (),
    total: int | None = None,
    key: str = "board",
    live: bool = False,
) -> None:
    """Draw the charts of ``sections`` over one shared axis of steps (0 to ``total``), with event ``marks`` on each.

    ``live``: an empty chart promises a first measurement; else it says that there was none.
    """
    events = [{"x": x, "text": text} for x, text in marks]
    _BOARD(key=key, data={"sections": list(sections), "marks": events, "total": total, "live": live})


def mini_map(id: str, title: str, colour: str, note: str) -> dict:
    """One small map that waits for its first layout; joined with :func:`layout_of` it has one."""
    return {"id": id, "title": title, "colour": colour, "note": note, "stamp": ""}


def layout_of(points: np.ndarray, classes: Any, stamp: str) -> dict[str, str]:
    """A layout: ``points`` (N, 2), ``classes`` (N,) small integers, ``stamp`` its name, which no other layout has."""
    return {"stamp": stamp, "points": packed(points), "classes": packed(classes, "u1")}


def mini_maps(maps: Sequence[dict], colours: Sequence[str], key: str = "maps", live: bool = False) -> None:
    """Draw the maps side by side; when a map's stamp changes its points travel. ``live``: a first map may come."""
    _MAPS(key=key, data={"maps": list(maps), "colours": list(colours), "live": live})
