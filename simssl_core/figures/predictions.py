"""The theory's prediction for each factor and objective, over what the probe measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core.figures.theme import AXIS, CONTENT_COLOUR, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WRONG = "#B54D00"  # white text on it has a contrast of 5
INK, FAINT, PAPER = "#1B222B", "#4A5663", "rgba(255, 255, 255, 0.88)"
RIGHT_MARK, WRONG_MARK = "✓", "✗"


def matrix(
    factors: Sequence[str],
    titles: Sequence[str],
    scores: Sequence[Sequence[float | None]],
    predictions: Sequence[Sequence[str | None]],
    correct: Sequence[Sequence[bool | None]],
) -> Figure:
    """A matrix with a row for each factor and a column for each run.

    A darker cell means that more of the factor was found (``scores``, 0 to 1; None: not measured). Its text is the
    prediction (None: there is none), with a mark for whether it was ``correct``.
    """
    import plotly.graph_objects as go

    columns = [_in_two_lines(title) for title in titles]
    figure = go.Figure(
        go.Heatmap(
            z=scores,
            x=columns,
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
    annotations = [
        {"x": title, "y": factor, "showarrow": False, **_cell_text(predictions[i][k], correct[i][k])}
        for i, factor in enumerate(factors)
        for k, title in enumerate(columns)
        if scores[i][k] is not None
    ]
    figure.update_layout(annotations=annotations)  # all in one call: one call for each took a fifth of a second
    styled(figure, 120 + 44 * len(factors))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    return figure


def _cell_text(prediction: str | None, correct: bool | None) -> dict:
    """A cell's text on a background that keeps it readable on every blue, on light and on dark pages."""
    if prediction is None or correct is None:
        text, ink, paper = "no prediction", FAINT, PAPER
    elif correct:
        text, ink, paper = f"{prediction} {RIGHT_MARK}", INK, PAPER
    else:
        text, ink, paper = f"<b>{prediction} {WRONG_MARK}</b>", "#FFFFFF", WRONG
    return {"text": text, "font": {"size": 12, "color": ink}, "bgcolor": paper, "borderpad": 2}


def _in_two_lines(title: str) -> str:
    """A long title with a dash, broken after the last dash so that it fits over its column."""
    first, dash, last = title.rpartition("-")
    return f"{first}-<br>{last}" if dash and len(title) > 14 else title
