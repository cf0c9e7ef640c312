"""Live charts as a canvas component that keeps zoom, hover and hidden curves through every update.

Plotly forgets its zoom whenever its data change, so only the figures that do not change use it (simssl_core.figures).
"""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.base import component, packed

_BOARD = component("live_board", html='<div class="board"></div>\n')


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
    """A row of charts under one title, with a caption that says what to look for."""
    return {"title": title, "caption": caption, "panels": list(panels)}


def live_board(
    sections: Sequence[dict],
    marks: Sequence[tuple[float, str]] = (),
    total: int | None = None,
    key: str = "board",
    live: bool = False,
) -> None:
    """Draw the charts of ``sections`` over one shared axis of steps (0 to ``total``), with event ``marks`` on each.

    ``live``: a chart without data says that the first measurement is still to come, else that there was none.
    """
    events = [{"x": x, "text": text} for x, text in marks]
    _BOARD(key=key, data={"sections": list(sections), "marks": events, "total": total, "live": live})
