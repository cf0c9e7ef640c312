"""The 2-D map as a component. Points, time, hover and lasso live in the browser, which reports selection and step."""

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
    """An image and its neighbours in the representation, which the map joins by lines.

    ``point`` is the image's row. It is −1 for an image that is not on the map: its ``picture`` (PNG) is drawn at the
    mean of the points ``near``, weighted by ``weights``.
    """

    point: int
    near: list[int]
    weights: list[float]
    picture: bytes | None


@dataclass(frozen=True)
class Panel:
    """One map of up to four."""

    run_map: RunMap
    title: str
    note: str
    hue: str  # the objective's colour
    group: str  # panels with the same group show the same points: hover and selection are linked
    kind: str  # the layout: "umap" or "pca"
    frames: tuple[bytes, list[float], list[float]]  # the layouts over time, quantised, and their corners
    facts: bytes  # the points' label, instance and factors as float32
    factors: Sequence[dict[str, Any]]  # a description of each factor
    sheet: bytes  # the points' images, a WebP file
    colouring: Colouring
    views_only: bool  # only the views in the instance clouds have a colour
    links: Links | None = None


def latent_map(
    panels: Sequence[Panel], *, key: str, height: int, step: int, selection: dict[str, Any] | None
) -> dict[str, Any]:
    """Draw ``panels`` with linked time, hover and selection; returns ``{"selection": {...} | None, "step": int}``.

    ``selection`` holds ``run``, ``group`` and ``points`` (rows of the points' table); ``step`` is −1 at the newest
    layout. The arguments of these names are what the map opens with.
    """
    data = {
        "maps": [_panel_data(panel, key) for panel in panels],
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


def _panel_data(panel: Panel, key: str) -> dict[str, Any]:
    run_map = panel.run_map
    frames, low, high = panel.frames
    place = f"{key}.{run_map.run}"
    binary = "application/octet-stream"
    return {
        "id": run_map.run,
        "title": panel.title,
        "note": panel.note,
        "hue": panel.hue,
        "group": panel.group,
        "count": run_map.count,
        "classes": list(run_map.record.dataset.classes),
        "sheet": {
            "url": serve(panel.sheet, "image/webp", f"{place}.sheet"),
            "cell": list(run_map.cell),
            "columns": run_map.columns,
        },
        "frames": {
            "url": serve(frames, binary, f"{place}.frames"),
            "steps": list(run_map.steps),
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
        "links": _links_data(panel.links),
    }


def _links_data(links: Links | None) -> dict[str, Any] | None:
    if links is None:
        return None
    picture = inline(links.picture) if links.picture else None
    return {"point": links.point, "near": links.near, "weights": links.weights, "picture": picture}
