"""A pad over two directions at once, as a component: a point to drag over a grid of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.base import component, inline, listen, serve

_PLANE = component("plane")


def plane(
    *,
    key: str,
    subject: str,
    seq: int,
    position: Sequence[float],
    names: tuple[str, str],
    offsets: Sequence[float],
    grid: bytes,
    after: bytes,
    alt: str,
) -> None:
    """A point at ``position`` (across, upwards; in standard deviations) over ``grid``, a PNG of square tiles.

    The tiles lie at ``offsets`` in both directions. ``after`` is the PNG of what lies at the point, ``alt`` its text;
    it answers question ``seq`` about ``subject``. Read the question with
    :func:`pages.components.sliders.sliders.slider_move` before calling this.
    """
    data = {
        "key": subject,
        "seq": seq,
        "at": list(position),
        "names": list(names),
        "count": len(offsets),
        "reach": float(offsets[-1]),
        "grid": serve(grid, "image/png", f"{key}.grid"),
        "after": inline(after),
        "words": alt,
    }
    _PLANE(key=key, data=data, on_move_change=listen)
