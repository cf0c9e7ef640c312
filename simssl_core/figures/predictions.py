"""What the theory said of each factor and objective, over what the probe found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core.figures.theme import AXIS, CONTENT_COLOUR, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WRONG = "#B54D00"  # white on it has a contrast of 5
INK, FAINT, PAPER = "#1B222B", "#4A5663", "rgba(255, 255, 255, 0.88)"
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

    shown = [_short(title) for title in titles]
    figure = go.Figure(
        go.Heatmap(
            z=found,
            x=shown,
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
        {"x": title, "y": factor, "showarrow": False, **_words(said[i][k], right[i][k])}
        for i, factor in enumerate(factors)
        for k, title in enumerate(shown)
        if found[i][k] is not None
    ]
    figure.update_layout(annotations=words)  # all at once: one by one took a fifth of a second
    styled(figure, 120 + 44 * len(factors))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    return figure


def _words(said: str | None, right: bool | None) -> dict:
    """A cell's text on a label of its own, so that it reads on every blue, on a light page and on a dark one."""
    if said is None or right is None:
        text, ink, paper = "nothing said", FAINT, PAPER
    else:
        text, ink, paper = f"{said} {RIGHT_MARK}", INK, PAPER
        if not right:
            text, ink, paper = f"<b>{said} {WRONG_MARK}</b>", "#FFFFFF", WRONG
    return {"text": text, "font": {"size": 12, "color": ink}, "bgcolor": paper, "borderpad": 2}


def _short(title: str) -> str:
    """A long name in two lines, so that it stays over its own column."""
    first, dash, last = title.rpartition("-")
    return f"{first}-<br>{last}" if dash and len(title) > 14 else title
