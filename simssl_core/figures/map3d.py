"""The map in three dimensions, to look at: plotly turns it under the hand; selecting is done in the flat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simssl_core.figures.map_colours import Colouring
from simssl_core.figures.theme import styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SYMBOLS = ("circle", "square", "cross", "diamond")


def map3d(
    layout: np.ndarray, colouring: Colouring, words: Sequence[str], axes: Sequence[str], height: int = 520
) -> Figure:
    """Points ``layout`` (N, 3) in the colours of ``colouring``; ``words`` (N) is what each says under the pointer.

    Classes become traces of their own, so that a click on the legend hides one; numbers and angles are one trace.
    """
    import plotly.graph_objects as go

    figure, words = go.Figure(), np.asarray(words, dtype=object)
    names = {item["code"]: item["name"] for item in colouring.legend.get("items", ())}
    groups = [(name, colouring.codes == code, code) for code, name in names.items()] or [
        ("", np.ones(len(layout), bool), None)
    ]
    hexes = np.array(colouring.hexes())
    for name, mask, code in groups:
        marks = colouring.marks[code] if code is not None and colouring.marks else 0
        at = layout[mask]
        figure.add_scatter3d(
            x=at[:, 0],
            y=at[:, 1],
            z=at[:, 2],
            mode="markers",
            name=name,
            text=words[mask],
            hovertemplate="%{text}<extra></extra>",
            marker={"size": 2.6, "opacity": 0.85, "color": hexes[mask], "symbol": SYMBOLS[marks]},
        )
    axis = {"showticklabels": False, "showbackground": False, "gridcolor": "rgba(128,138,150,0.3)", "zeroline": False}
    styled(figure, height)
    figure.update_layout(
        showlegend=len(groups) > 1,
        legend={"itemsizing": "constant", "font": {"size": 11}},
        uirevision="map3d",
        scene={
            f"{d}axis": axis | {"title": {"text": text, "font": {"size": 11}}}
            for d, text in zip("xyz", axes, strict=True)
        }
        | {"aspectmode": "data", "dragmode": "orbit"},
    )
    return figure
