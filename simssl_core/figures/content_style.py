"""Content against style: how much of each a representation holds, with one point for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core import metrics
from simssl_core.figures.theme import AXIS, objective_colour, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Where a point's name may be placed, as steps to the right (name widths) and upwards (lines).
PLACES = {"top center": (0, 1), "middle right": (1, 0), "middle left": (-1, 0), "bottom center": (0, -1)}
MARK, LETTER = 0.025, 0.02  # half a mark's (and a line's) height and a letter's width, on axes from 0 to 1
LOW, HIGH = -0.055, 1.06  # beyond these a name would overlap the axis or leave the figure
SYMBOLS = {"generative": "circle", "discriminative": "diamond", "reference": "x"}

Box = tuple[float, float, float, float]  # left, low, right, high


def content_style(
    content: Sequence[float],
    style: Sequence[float],
    objectives: Sequence[str],
    runs: Sequence[str],
    families: Sequence[str] = (),
    content_title: str = "",
    style_title: str = "",
    chance: float | None = None,
    errors: tuple[Sequence[float], Sequence[float]] = ((), ()),
) -> Figure:
    """Scatter plot of ``content`` (horizontal) and ``style`` (vertical), one entry of each sequence per run.

    The axis titles are by default those of the headline metrics. Colour shows the objective, the mark its family.
    ``chance`` is the content score of guessing, drawn as a line; ``errors`` are half the lengths of the horizontal and
    vertical error bars (NaN: none).
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    families = list(families) or ["generative"] * len(runs)
    places = _label_places(content, style, objectives)
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
            text=[objective if places[i] else "" for i in rows],
            textposition=[places[i] or "top center" for i in rows],
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
    styled(figure, 420).update_layout(showlegend=False, dragmode="pan", margin={"t": 8})
    figure.update_xaxes(title=content_title or metrics.title(metrics.headline("content")), range=_axis_range(content))
    figure.update_yaxes(title=style_title or metrics.title(metrics.headline("style")), range=_axis_range(style))
    if chance:
        figure.add_vline(chance, line={"dash": "dot", "color": AXIS}, annotation_text="chance")
    return figure


def _label_places(content: Sequence[float], style: Sequence[float], names: Sequence[str]) -> list[str]:
    """The place of each point's name: above it, or elsewhere if it would overlap a name, a point or the edge there.

    Empty if there is no room: colour, mark and hover text still identify the point.
    """
    half_mark = 0.9 * MARK  # a name may touch a mark
    points = [(x - half_mark, y - half_mark, x + half_mark, y + half_mark) for x, y in zip(content, style, strict=True)]
    taken: list[Box] = []
    places: list[str] = []
    for i, (x, y, name) in enumerate(zip(content, style, names, strict=True)):
        others = [*taken, *points[:i], *points[i + 1 :]]
        boxes = {place: _box(x, y, 0.5 * LETTER * len(name), across, up) for place, (across, up) in PLACES.items()}
        inside = {place: box for place, box in boxes.items() if box[1] > LOW and box[2] < HIGH}
        free = [place for place, box in inside.items() if not any(_overlap(box, other) for other in others)]
        places.append(free[0] if free else "")
        taken += [boxes[place] for place in free[:1]]
    return places


def _box(x: float, y: float, half: float, across: int, up: int) -> Box:
    """The box of a name of width 2·``half``, shifted by ``across`` and ``up`` from the point at ``x``, ``y``."""
    x, y = x + across * (half + MARK), y + up * 2 * MARK
    return x - half, y - MARK, x + half, y + MARK


def _overlap(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _bars(errors: Sequence[float], rows: Sequence[int], colour: str) -> dict | None:
    """Plotly's error bars of the runs ``rows``; None if none of them has an error."""
    values = [errors[i] for i in rows] if len(errors) else []
    if all(math.isnan(value) for value in values):
        return None
    lengths = [0 if math.isnan(value) else value for value in values]
    return {"type": "data", "array": lengths, "color": colour, "thickness": 1.5, "width": 4}


def _axis_range(values: Sequence[float]) -> list[float]:
    """From 0 to 1 with a small margin, wider if ``values`` go beyond."""
    return [min([-0.03, *values]), max([1.06, *(value * 1.06 for value in values)])]
