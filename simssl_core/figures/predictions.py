"""What the theory said of each factor and objective, over what the probe found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core.figures.theme import AXIS, CONTENT_COLOUR, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WRONG = "#D55E00"
RIGHT_MARK, WRONG_MARK = "✓", "✗"


def matrix(
    factors: Sequence[str],
    titles: Sequence[str],
    found: Sequence[Sequence[float | None]],
    said: Sequence[Sequence[str | None]],
    right: Sequence[Sequence[bool | None]],
) -> Figure:
    """Factors downwards, runs across. The deeper a cell, the more of the factor was found (``found``, 0 to 1; None:
    not measured); its text is what was ``said``, with a mark where that was right or wrong (None: nothing was said)."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Heatmap(
            z=found,
            x=list(titles),
            y=list(factors),
            zmin=0,
            zmax=1,
            xgap=3,
            ygap=3,
            colorscale=[[0, "rgba(128,138,150,0.10)"], [1, CONTENT_COLOUR]],
            colorbar={"title": {"text": "found"}, "thickness": 12, "outlinewidth": 0, "tickfont": {"color": AXIS}},
            hovertemplate="%{x}, %{y}: %{z:.2f} found<extra></extra>",
        )
    )
    words = [
        {"x": title, "y": factor, "showarrow": False, **_words(said[i][k], right[i][k], found[i][k])}
        for i, factor in enumerate(factors)
        for k, title in enumerate(titles)
        if found[i][k] is not None
    ]
    figure.update_layout(annotations=words)  # all at once: one by one took a fifth of a second
    styled(figure, 120 + 44 * len(factors))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    return figure


def _words(said: str | None, right: bool | None, found: float) -> dict:
    if said is None or right is None:
        return {"text": "nothing said", "font": {"size": 11, "color": "#FFFFFF" if found > 0.55 else AXIS}}
    text = f"{said} {RIGHT_MARK if right else WRONG_MARK}"
    if not right:
        return {"text": f"<b>{text}</b>", "font": {"size": 12, "color": "#FFFFFF"}, "bgcolor": WRONG, "borderpad": 2}
    return {"text": text, "font": {"size": 12, "color": "#FFFFFF" if found > 0.55 else AXIS}}
