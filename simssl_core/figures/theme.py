"""One look for every figure: colours by role and by objective, and one plotly layout for light and for dark pages.

The colours are Okabe and Ito's, then Paul Tol's muted ones; colour-blind readers can tell both sets apart. Generative
objectives have cool colours and discriminative ones warm colours, so that a family is recognised without the legend.
Each objective declares its colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simssl_core.objectives import facts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#F0E442", "#999999")
ROLE_COLOURS = {"pull": "#0072B2", "push": "#D55E00", "reconstruct": "#009E73", "other": "#999999"}
CONTENT_COLOUR, STYLE_COLOUR = "#0072B2", "#E69F00"
# Readable on white and on near-black (contrast at least 3 on both), so that one layout serves both themes.
AXIS, GRID = "#808A96", "rgba(128, 138, 150, 0.22)"


def objective_colour(name: str) -> str:
    """The colour of objective ``name`` on every page: the one it declares, or a fixed one derived from its name."""
    return facts.colour(name)


def role_colour(role: str) -> str:
    """The colour of one part of a loss: pull, push, reconstruct or other."""
    return ROLE_COLOURS.get(role, ROLE_COLOURS["other"])


def class_colours(count: int) -> tuple[str, ...]:
    """``count`` colours for classes; after ten the colours repeat (a map then changes the points' mark)."""
    palette = (*OKABE_ITO[:6], "#8C564B", "#7B5FC0", "#B8B400", "#B0305C")
    return tuple(palette[i % len(palette)] for i in range(count))


def styled(figure: Figure, height: int = 420) -> Figure:
    """Apply the lab's layout to ``figure`` and return it: no background, faint grid, legend above."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": AXIS, "tickcolor": AXIS, "automargin": True}
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 13, "family": "Inter, Segoe UI, system-ui, DejaVu Sans, sans-serif"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0, "title": None},
        hoverlabel={"align": "left"},
        colorway=list(OKABE_ITO),
        xaxis=axis,
        yaxis=axis,
    )
    return figure
