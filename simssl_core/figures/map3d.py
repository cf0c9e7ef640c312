"""The latent map in three dimensions, for viewing: plotly rotates it; selection is done in the flat map."""

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
    layout: np.ndarray, colouring: Colouring, texts: Sequence[str], axes: Sequence[str], height: int = 520
) -> Figure:
    """Points ``layout`` (N, 3) in the colours of ``colouring``; ``texts`` (N,) are their hover texts.

    Every class is a trace, so that a click on the legend hides it; numbers and angles are one trace with a colour bar.
    ``axes`` are the three axis titles, empty for UMAP, whose axes have no meaning.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    hover_texts = np.asarray(texts, dtype=object)
    codes = colouring.codes
    names = {item["code"]: item["name"] for item in colouring.legend.get("items", ())}
    is_number = colouring.legend["kind"] in ("scale", "circle")
    groups = [(name, codes == code, code) for code, name in names.items()]
    if not names:
        groups.append(("", codes != GREY, None))
    groups.append(("", codes == GREY, None))
    hexes = np.array(colouring.hexes())
    for name, mask, code in groups:
        marker = {"color": codes[mask], **_bar(colouring)} if is_number and (mask & (codes != GREY)).any() else {}
        symbol = SYMBOLS[colouring.marks[code]] if code is not None and colouring.marks else SYMBOLS[0]
        figure.add_scatter3d(
            **dict(zip("xyz", layout[mask].T, strict=True)),
            mode="markers",
            name=name or "other",
            showlegend=bool(name),
            text=hover_texts[mask],
            hovertemplate="%{text}<extra></extra>",
            marker={"size": 2.6, "opacity": 0.85, "symbol": symbol, "color": hexes[mask], **marker},
        )
    styled(figure, height)
    quiet = {"showticklabels": False, "showbackground": False, "gridcolor": GRID, "zeroline": False}
    scene = {
        f"{axis}axis": quiet | {"title": {"text": title, "font": {"size": 11}}}
        for axis, title in zip("xyz", axes, strict=True)
    }
    camera = {"eye": {"x": 1.55, "y": 1.55, "z": 0.9}, "center": {"x": 0, "y": 0, "z": -0.12}}
    figure.update_layout(
        uirevision="map3d",
        legend={"itemsizing": "constant", "font": {"size": 11}},
        scene=scene | {"aspectmode": "data", "dragmode": "orbit", "camera": camera},
    )
    return figure


def _bar(colouring: Colouring) -> dict:
    """The colour bar of a number (low to high) or of an angle (0° to 360°)."""
    legend, palette = colouring.legend, colouring.palette
    stops = range(0, len(palette), 10)
    ends = [legend["low"], legend["high"]] if legend["kind"] == "scale" else ["0°", "360°"]
    return {
        "cmin": 0,
        "cmax": len(palette) - 1,
        "colorscale": [[code / (len(palette) - 1), palette[code]] for code in stops],
        "showscale": True,
        "colorbar": {
            "title": {"text": legend["title"], "side": "right"},
            "tickvals": [0, len(palette) - 1],
            "ticktext": ends,
            "thickness": 10,
            "len": 0.5,
        },
    }
