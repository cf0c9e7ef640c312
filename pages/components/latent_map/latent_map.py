"""The 2-D map as a component: points, time, hover and lasso live in the browser; Python hears of selections only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pages.components.base import component, inline, listen, packed, serve
from simssl_core.analysis.latent_map import RunMap
from simssl_core.figures.map_colours import Colouring

_COMPONENT = component("latent_map")


@dataclass(frozen=True)
class Links:
    """An image and its neighbours in the representation. ``point`` is its row, or −1 for one that is not on the map:
    that one is drawn as ``picture`` (PNG) at the mean of ``near``, weighted by ``weights``."""

    point: int
    near: list[int]
    weights: list[float]
    picture: bytes | None


@dataclass(frozen=True)
class Panel:
    """One map of up to four: what it is of, its layouts over time, its points' facts and colours."""

    shown: RunMap
    title: str
    note: str
    hue: str
    group: str
    kind: str
    frames: tuple[bytes, list[float], list[float]]
    facts: bytes
    factors: Sequence[dict[str, Any]]
    sheet: bytes
    colouring: Colouring
    views_only: bool
    links: Links | None = None


def latent_map(
    panels: Sequence[Panel], *, key: str, height: int, step: int, selection: dict[str, Any] | None
) -> dict[str, Any]:
    """Draw ``panels`` with linked time, hover and selection; returns ``{"selection": {...} | None, "step": int}``.

    ``selection`` holds ``run``, ``group`` and ``points`` (rows of the points' table). ``step`` is −1 at the newest
    layout. Both are what the map opens with.
    """
    data = {
        "maps": [_described(panel, key) for panel in panels],
        "height": height,
        "step": step,
        "selection": selection,
    }
    result = _COMPONENT(
        key=key,
        data=data,
        default={"selection": selection, "step": step},
        on_selection_change=listen,
        on_step_change=listen,
    )
    return {"selection": result.selection, "step": result.step}


def _described(panel: Panel, key: str) -> dict[str, Any]:
    shown, (frames, low, high) = panel.shown, panel.frames
    place = f"{key}.{shown.run}"
    binary = "application/octet-stream"
    return {
        "id": shown.run,
        "title": panel.title,
        "note": panel.note,
        "hue": panel.hue,
        "group": panel.group,
        "count": shown.count,
        "classes": list(shown.record.dataset.classes),
        "sheet": {
            "url": serve(panel.sheet, "image/webp", f"{place}.sheet"),
            "cell": list(shown.cell),
            "columns": shown.columns,
        },
        "frames": {
            "url": serve(frames, binary, f"{place}.frames"),
            "steps": list(shown.steps),
            "low": low,
            "high": high,
            "kind": panel.kind,
        },
        "table": {"url": serve(panel.facts, binary, f"{place}.facts"), "factors": list(panel.factors)},
        "codes": packed(panel.colouring.codes, panel.colouring.codes.dtype),
        "colour": {
            "palette": list(panel.colouring.palette),
            "shapes": list(panel.colouring.marks),
            "legend": panel.colouring.legend,
            "views": panel.views_only,
        },
        "links": _linked(panel.links),
    }


def _linked(links: Links | None) -> dict[str, Any] | None:
    if links is None:
        return None
    picture = links.picture and inline(links.picture)
    return {"point": links.point, "near": links.near, "weights": links.weights, "picture": picture}
