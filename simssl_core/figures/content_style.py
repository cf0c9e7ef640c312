"""The picture of the trade: how much content a representation tells against how much style it kept; a point a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simssl_core import metrics
from simssl_core.figures.theme import AXIS, objective_colour, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Where a point's name may stand: so far across and so far up, in names and in lines.
PLACES = {"top center": (0, 1), "middle right": (1, 0), "middle left": (-1, 0), "bottom center": (0, -1)}
MARK, LETTER = 0.025, 0.02  # half a mark's (and a line's) height and a letter's width, on axes from 0 to 1
LOW, HIGH = -0.055, 1.06  # where a name would run into an axis, or out of the figure
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
    """Scatter of ``content`` (across) against ``style`` (up), one entry of each sequence per run.

    Titles are by default those of the headline numbers. Colour tells the objective, the mark its family; ``chance``
    draws the content of guessing as a line; ``errors`` are half the lengths of the bars across and up (NaN: none).
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
    figure.update_xaxes(title=content_title or metrics.title(metrics.headline("content")), range=_reach(content))
    figure.update_yaxes(title=style_title or metrics.title(metrics.headline("style")), range=_reach(style))
    if chance:
        figure.add_vline(chance, line={"dash": "dot", "color": AXIS}, annotation_text="chance")
    return figure


def _label_places(content: Sequence[float], style: Sequence[float], names: Sequence[str]) -> list[str]:
    """Where each point's name stands: above it, or elsewhere if that would run into a name, a point or the edge.

    Empty where there is no room at all: colour, mark and hover tell the point.
    """
    near = 0.9 * MARK  # a name may touch a mark
    points = [(x - near, y - near, x + near, y + near) for x, y in zip(content, style, strict=True)]
    taken: list[Box] = []
    found: list[str] = []
    for i, (x, y, name) in enumerate(zip(content, style, names, strict=True)):
        others = [*taken, *points[:i], *points[i + 1 :]]
        boxes = {place: _box(x, y, 0.5 * LETTER * len(name), across, up) for place, (across, up) in PLACES.items()}
        inside = {place: box for place, box in boxes.items() if box[1] > LOW and box[2] < HIGH}
        free = [place for place, box in inside.items() if not any(_meet(box, other) for other in others)]
        found.append(free[0] if free else "")
        taken += [boxes[place] for place in free[:1]]
    return found


def _box(x: float, y: float, half: float, across: int, up: int) -> Box:
    """The room of a name ``half`` as wide, beside (``across``) or above (``up``) the point at x, y."""
    x, y = x + across * (half + MARK), y + up * 2 * MARK
    return x - half, y - MARK, x + half, y + MARK


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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
