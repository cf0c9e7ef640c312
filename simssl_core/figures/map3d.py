"""The map in three dimensions, to look at: plotly turns it under the hand; selecting is done in the flat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simssl_core.figures.map_colours import GREY, Colouring
from simssl_core.figures.theme import GRID, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SYMBOLS = ("circle", "square", "cross", "diamond")


def map3d(
    layout: np.ndarray, colouring: Colouring, words: Sequence[str], axes: Sequence[str], height: int = 520
) -> Figure:
    """Points ``layout`` (N, 3) in the colours of ``colouring``; ``words`` (N) is what each says under the pointer.

    Classes become traces of their own, so that a click on the legend hides one; numbers and angles are one trace with a
    colour bar. Empty ``axes`` titles are left out (UMAP's axes mean nothing).
    """
    import plotly.graph_objects as go

    figure, words, codes = go.Figure(), np.asarray(words, dtype=object), colouring.codes
    names = {item["code"]: item["name"] for item in colouring.legend.get("items", ())}
    measured = colouring.legend["kind"] in ("scale", "circle")
    groups = [(name, codes == code, code) for code, name in names.items()]
    groups += [("", codes != GREY, None)] if not names else []
    hexes = np.array(colouring.hexes())
    for name, mask, code in [*groups, ("", codes == GREY, None)]:
        marker = {"color": codes[mask], **_bar(colouring)} if measured and (mask & (codes != GREY)).any() else {}
        symbol = SYMBOLS[colouring.marks[code]] if code is not None and colouring.marks else SYMBOLS[0]
        figure.add_scatter3d(
            **dict(zip("xyz", layout[mask].T, strict=True)),
            mode="markers",
            name=name or "other",
            showlegend=bool(name),
            text=words[mask],
            hovertemplate="%{text}<extra></extra>",
            marker={"size": 2.6, "opacity": 0.85, "symbol": symbol, "color": hexes[mask], **marker},
        )
    styled(figure, height)
    quiet = {"showticklabels": False, "showbackground": False, "gridcolor": GRID, "zeroline": False}
    scene = {
        f"{d}axis": quiet | {"title": {"text": text, "font": {"size": 11}}} for d, text in zip("xyz", axes, strict=True)
    }
    camera = {"eye": {"x": 1.55, "y": 1.55, "z": 0.9}, "center": {"x": 0, "y": 0, "z": -0.12}}
    figure.update_layout(
        uirevision="map3d",
        legend={"itemsizing": "constant", "font": {"size": 11}},
        scene=scene | {"aspectmode": "data", "dragmode": "orbit", "camera": camera},
    )
    return figure


def _bar(colouring: Colouring) -> dict:
    """The colour bar of a number (low to high) or an angle (a whole turn)."""
    legend, palette = colouring.legend, colouring.palette
    stops = range(0, len(palette), 10)
    ends = [legend["low"], legend["high"]] if legend["kind"] == "scale" else ["0°", "360°"]
    return {
        "cmin": 0,
        "cmax": len(palette) - 1,
        "colorscale": [[k / (len(palette) - 1), palette[k]] for k in stops],
        "showscale": True,
        "colorbar": {
            "title": {"text": legend["title"], "side": "right"},
            "tickvals": [0, len(palette) - 1],
            "ticktext": ends,
            "thickness": 10,
            "len": 0.5,
        },
    }
