"""Small maps that move from layout to layout while a race trains, as a component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.components.base import component, packed

_MAPS = component("mini_maps", html='<div class="maps"></div>\n')


def mini_map(id: str, title: str, colour: str, note: str) -> dict:
    """One small map without a layout yet; merge it with :func:`layout_of` to give it one."""
    return {"id": id, "title": title, "colour": colour, "note": note, "stamp": ""}


def layout_of(points: np.ndarray, classes: Any, stamp: str) -> dict[str, str]:
    """A layout: ``points`` (N, 2), ``classes`` (N,) as integers below 256, and ``stamp``, a name of its own."""
    return {"stamp": stamp, "points": packed(points), "classes": packed(classes, "u1")}


def mini_maps(maps: Sequence[dict], colours: Sequence[str], key: str = "maps", live: bool = False) -> None:
    """Draw the maps side by side; when a map's stamp changes, its points travel to the new layout.

    ``live``: a map without a layout says that the first one is still to come, else that there was none.
    """
    _MAPS(key=key, data={"maps": list(maps), "colours": list(colours), "live": live})
