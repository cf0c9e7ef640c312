"""A pad over two directions at once, as a component: a point to drag over a grid of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.base import component, inline, listen, serve

_PLANE = component("plane")


def plane(
    *,
    key: str,
    about: str,
    seq: int,
    at: Sequence[float],
    names: tuple[str, str],
    offsets: Sequence[float],
    grid: bytes,
    after: bytes,
    words: str,
) -> None:
    """A point at ``at`` (across, upwards; standard deviations) over ``grid``, a PNG of square tiles at ``offsets``.

    ``after`` is the PNG of what lies at the point; it answers question ``seq`` about ``about``. Read what is asked with
    :func:`pages.components.sliders.sliders.slider_move` before calling this.
    """
    data = {
        "key": about,
        "seq": seq,
        "at": list(at),
        "names": list(names),
        "count": len(offsets),
        "reach": float(offsets[-1]),
        "grid": serve(grid, "image/png", f"{key}.grid"),
        "after": inline(after),
        "words": words,
    }
    _PLANE(key=key, data=data, on_move_change=listen)
