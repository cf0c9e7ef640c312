"""Figures that compare several runs: a radar over tasks, layers, spectra, mutual information, ELBO_SSL.

Every function takes plain numbers, a title and an objective for each run. The objective decides the colour; a second
run of the same objective has a dashed line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simssl_core import metrics
from simssl_core.figures.theme import AXIS, GRID, objective_colour, role_colour, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DASHES = ("solid", "dash", "dot", "dashdot")
LAYER_ORDER = ("backbone", "representation")
INK = "#1B222B"  # on the coloured bars
RINGS = (0.25, 0.5, 0.75, 1)
DECADES = (1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001)
PARTS = (("reconstruct", "reconstruct"), ("entropy", "push"), ("prior", "pull"))


def radar(
    tasks: Sequence[str], titles: Sequence[str], objectives: Sequence[str], values: Sequence[Sequence[float]]
) -> Figure:
    """One axis for each task, one closed line for each run: ``values`` (runs × tasks), drawn between 0 and 1."""
    import plotly.graph_objects as go

    figure = go.Figure()
    closed_tasks = [*tasks, tasks[0]] if len(tasks) else []
    for title, objective, dash, row in zip(titles, objectives, dashes(objectives), values, strict=True):
        clipped = [None if math.isnan(value) else min(1.0, max(0.0, value)) for value in row]
        figure.add_scatterpolar(
            r=[*clipped, clipped[0]],
            theta=closed_tasks,
            name=title,
            line={"color": objective_colour(objective), "dash": dash, "width": 2.5},
            marker={"size": 5},
            mode="lines+markers",
            hovertemplate=f"<b>{title}</b><br>%{{theta}}: %{{r:.3f}}<extra></extra>",
        )
    longest = max((len(title) for title in titles), default=0)
    legend_rows = math.ceil(len(titles) / (4 if longest < 12 else 2))
    styled(figure, 420 + 20 * legend_rows)
    ring = {"gridcolor": GRID, "linecolor": GRID}
    figure.update_layout(
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {**ring, "range": [0, 1], "tickvals": RINGS, "ticks": "", "showticklabels": False},
            "angularaxis": {**ring, "direction": "clockwise", "rotation": 90, "ticks": ""},
        },
        margin={"l": 95, "r": 70, "t": 30, "b": 30},
        legend={"y": -0.08, "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )
    return figure


def layer_profile(
    titles: Sequence[str],
    objectives: Sequence[str],
    content: Sequence[Mapping[str, float | None]],
    style: Sequence[Mapping[str, float | None]],
) -> Figure:
    """Content (left) and style (right) from the backbone to the end of the projection head, one line for each run.

    ``content`` and ``style``: {layer: value} of each run, in the run's own order of layers.
    """
    from plotly.subplots import make_subplots

    order = layer_order(content)
    headlines = [metrics.curve(metrics.headline(family)) for family in ("content", "style")]
    figure = make_subplots(1, 2, subplot_titles=headlines, horizontal_spacing=0.09)
    for column, profiles in ((1, content), (2, style)):
        for title, objective, dash, profile in zip(titles, objectives, dashes(objectives), profiles, strict=True):
            figure.add_scatter(
                x=list(profile),
                y=list(profile.values()),
                name=title,
                legendgroup=title,
                showlegend=column == 1,
                mode="lines+markers",
                line={"color": objective_colour(objective), "dash": dash, "width": 2.5},
                marker={"size": 9, "symbol": "circle" if len(profile) > 2 else "square"},
                hovertemplate=f"<b>{title}</b><br>%{{x}}: %{{y:.3f}}<extra></extra>",
                row=1,
                col=column,
            )
    styled(figure, 420).update_layout(margin={"t": 80}, legend={"y": 1.14})
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": AXIS, "automargin": True}
    figure.update_xaxes(**axis, categoryorder="array", categoryarray=order, type="category")
    figure.update_yaxes(**axis, rangemode="tozero")
    return figure


def layer_order(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The names of all layers: backbone, representation, then those of the head, its output last."""
    names = list(dict.fromkeys(name for row in sorted(rows, key=len, reverse=True) for name in row))
    return [name for name in LAYER_ORDER if name in names] + [name for name in names if name not in LAYER_ORDER]


def spectra(
    titles: Sequence[str], objectives: Sequence[str], values: Sequence[Sequence[float]], ranks: Sequence[float]
) -> Figure:
    """Singular values relative to the largest, on a logarithmic axis, with each run's effective rank in the legend."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for title, objective, dash, row, rank in zip(titles, objectives, dashes(objectives), values, ranks, strict=True):
        figure.add_scatter(
            x=list(range(1, len(row) + 1)),
            y=[max(float(value), 1e-6) for value in row],
            name=f"{title}: {rank:.1f} of {len(row)}",
            mode="lines+markers",
            line={"color": objective_colour(objective), "dash": dash, "width": 2.5},
            marker={"size": 5},
            hovertemplate=f"<b>{title}</b><br>direction %{{x}}: %{{y:.3g}}<extra></extra>",
        )
    styled(figure, 420).update_layout(showlegend=True)
    figure.update_xaxes(title="Direction, by strength")
    labels = [f"{value:g}" for value in DECADES]
    figure.update_yaxes(title="Singular value, largest = 1", type="log", tickvals=DECADES, ticktext=labels)
    return figure


def information(
    titles: Sequence[str],
    objectives: Sequence[str],
    bound: Sequence[float],
    ceiling: Sequence[float],
    gaussian: Sequence[float],
) -> Figure:
    """Mutual information of two views in nats, one row for each run.

    A bar shows the lower bound (a bound below zero is drawn as zero), a stroke the bound's ceiling, a diamond the
    Gaussian estimate.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    colours = [objective_colour(name) for name in objectives]
    figure.add_bar(
        y=titles,
        x=[max(0.0, value) for value in bound],  # information is never negative, though the bound may be
        orientation="h",
        name="InfoNCE, a lower bound",
        marker={"color": colours},
        width=0.5,
    )
    stroke = {"symbol": "line-ns", "size": 26, "line": {"width": 3, "color": AXIS}}
    figure.add_scatter(y=titles, x=ceiling, mode="markers", name="its ceiling log N", marker=stroke)
    diamond = {"symbol": "diamond-open", "size": 12, "color": AXIS, "line": {"width": 2.5}}
    figure.add_scatter(y=titles, x=gaussian, mode="markers", name="Gaussian estimate", marker=diamond)
    styled(figure, 130 + 46 * len(titles)).update_layout(legend={"y": 1.05})
    figure.update_traces(hovertemplate="<b>%{y}</b>: %{x:.2f} nats<extra></extra>")
    largest = max((value for value in (*bound, *ceiling, *gaussian) if not math.isnan(value)), default=1.0)
    figure.update_xaxes(title="nats", range=[-0.02 * largest, 1.06 * largest])  # room for a whole diamond at zero
    figure.update_yaxes(autorange="reversed")
    return figure


def bounds(titles: Sequence[str], parts: Sequence[Mapping[str, float]], errors: Sequence[float]) -> Figure:
    """ELBO_SSL of frozen representations in nats: three terms as stacked bars, their sum as a mark with error bars."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, role in PARTS:
        figure.add_bar(
            y=titles,
            x=[row[name] for row in parts],
            orientation="h",
            name=name,
            marker={"color": role_colour(role)},
            width=0.5,
            hovertemplate=f"<b>%{{y}}</b><br>{name} %{{x:.1f}} nats<extra></extra>",
        )
    figure.add_scatter(
        y=titles,
        x=[sum(row[name] for name, _ in PARTS) for row in parts],
        error_x={"type": "data", "array": list(errors), "color": INK},
        mode="markers",
        name="ELBO_SSL",
        marker={"symbol": "diamond", "size": 12, "color": INK, "line": {"width": 1.5, "color": "#FFFFFF"}},
        hovertemplate="<b>%{y}</b><br>ELBO %{x:.1f} nats<extra></extra>",
    )
    styled(figure, 130 + 46 * len(titles)).update_layout(barmode="relative", legend={"y": 1.05})
    figure.update_xaxes(title="nats per datum")
    figure.update_yaxes(autorange="reversed")
    return figure


def dashes(objectives: Sequence[str]) -> list[str]:
    """A line style for each run: solid for the first run of an objective, dashed for the second, …"""
    counts: dict[str, int] = {}
    styles = []
    for name in objectives:
        styles.append(DASHES[counts.get(name, 0) % len(DASHES)])
        counts[name] = counts.get(name, 0) + 1
    return styles
