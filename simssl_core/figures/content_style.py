"""The picture of the trade: how much content a representation tells against how much style it kept; a point a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core.figures.theme import AXIS, objective_colour, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PLACES = ("top center", "bottom center", "middle right", "middle left")
SYMBOLS = {"generative": "circle", "discriminative": "diamond", "reference": "x"}


def content_style(
    content: Sequence[float],
    style: Sequence[float],
    objectives: Sequence[str],
    runs: Sequence[str],
    families: Sequence[str] = (),
    content_title: str = "Content: linear probe, accuracy",
    style_title: str = "Style: mean R²",
    chance: float | None = None,
    errors: tuple[Sequence[float], Sequence[float]] = ((), ()),
) -> Figure:
    """Scatter of ``content`` (across) against ``style`` (up), one entry of each sequence per run.

    Colour tells the objective, the mark its family; ``chance`` draws the content of guessing as a line; ``errors`` are
    half the lengths of the bars across and up (NaN: none).
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    families = list(families) or ["generative"] * len(runs)
    places = _label_places(content, style)
    for objective in dict.fromkeys(objectives):
        rows = [i for i, name in enumerate(objectives) if name == objective]
        colour = objective_colour(objective)
        figure.add_scatter(
            x=[content[i] for i in rows],
            y=[style[i] for i in rows],
            error_x=_bars(errors[0], rows, colour),
            error_y=_bars(errors[1], rows, colour),
            mode="markers+text",
            name=objective,
            text=[objective] * len(rows),
            textposition=[places[i] for i in rows],
            textfont={"size": 12},
            customdata=[runs[i] for i in rows],
            hovertemplate="<b>%{customdata}</b><br>content %{x:.3f}<br>style %{y:.3f}<extra></extra>",
            marker={
                "size": 13,
                "color": colour,
                "symbol": [SYMBOLS.get(families[i], "circle") for i in rows],
                "line": {"width": 1, "color": AXIS},
            },
        )
    styled(figure, 460).update_layout(showlegend=False, dragmode="pan")
    figure.update_xaxes(title=content_title, range=_reach(content))
    figure.update_yaxes(title=style_title, range=_reach(style))
    if chance:
        figure.add_vline(chance, line={"dash": "dot", "color": AXIS}, annotation_text="chance")
    return figure


def _label_places(content: Sequence[float], style: Sequence[float]) -> list[str]:
    """Where each point's name stands: above it, or elsewhere if a name is close by already."""
    found: list[str] = []
    for i, (x, y) in enumerate(zip(content, style, strict=True)):
        near = {found[k] for k in range(i) if abs(content[k] - x) < 0.12 and abs(style[k] - y) < 0.06}
        free = [place for place in PLACES if place not in near]
        found.append(free[0] if free else PLACES[0])
    return found


def _bars(errors: Sequence[float], rows: Sequence[int], colour: str) -> dict | None:
    values = [errors[i] for i in rows] if len(errors) else []
    if not any(value == value for value in values):
        return None
    lengths = [value if value == value else 0 for value in values]
    return {"type": "data", "array": lengths, "color": colour, "thickness": 1.5, "width": 4}


def _reach(values: Sequence[float]) -> list[float]:
    """Zero to one and a little air, or as far as the values go."""
    return [
        min(-0.03, *values) if len(values) else -0.03,
        max(1.06, *(v * 1.06 for v in values)) if len(values) else 1.06,
    ]
