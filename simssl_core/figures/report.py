"""A comparison as one self-contained HTML file: figures with their library inlined, pictures as data, tables.

Its Content-Security-Policy forbids the browser to load anything else, so everything shown is in the file.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'none'"
)
STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 Inter,Segoe UI,system-ui,DejaVu Sans,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:2.4rem 0 .4rem}.note{color:#6b7480;font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
td,th{padding:.25rem .6rem;border-bottom:1px solid #8883;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
.strip{display:flex;gap:1rem;align-items:center;margin:.3rem 0}.strip span{width:9rem;font-size:.85rem}
.strip img{max-width:calc(100% - 10rem);image-rendering:pixelated}
"""


@dataclass(frozen=True)
class Panel:
    """A ``figure``, a ``table`` or labelled ``pictures`` (PNG), with a ``caption`` that says what to look for.

    ``data`` holds the numbers of a figure, for a CSV file called ``name``.
    """

    name: str
    title: str
    caption: str
    figure: Figure | None = None
    table: pd.DataFrame | None = None
    pictures: Sequence[tuple[str, bytes]] = ()
    data: pd.DataFrame | None = None


def report(title: str, subtitle: str, panels: Sequence[Panel]) -> str:
    """All ``panels``, one below the other, as one self-contained HTML page."""
    from plotly.offline import get_plotlyjs

    body = "\n".join(_section(panel) for panel in panels)
    script = f"<script>{get_plotlyjs()}</script>" if any(panel.figure is not None for panel in panels) else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>{script}</head><body>"
        f'<h1>{html.escape(title)}</h1><p class="note">{html.escape(subtitle)}</p>\n{body}\n</body></html>'
    )


def _section(panel: Panel) -> str:
    inner = ""
    if panel.figure is not None:
        inner += _figure(panel)
    if panel.table is not None:
        inner += (
            f'<div class="wide">{panel.table.to_html(index=False, float_format="%.3f", border=0, na_rep="–")}</div>'
        )
    inner += "".join(
        f'<div class="strip"><span>{html.escape(label)}</span>'
        f'<img alt="{html.escape(label)}" src="data:image/png;base64,{base64.b64encode(png).decode()}"></div>'
        for label, png in panel.pictures
    )
    return (
        f'<section><h2>{html.escape(panel.title)}</h2>{inner}<p class="note">{html.escape(panel.caption)}</p></section>'
    )


def _figure(panel: Panel) -> str:
    import plotly.graph_objects as go
    import plotly.io as pio

    figure = go.Figure(panel.figure)
    figure.update_layout(font={"color": "#6b7480"})  # readable on white and on black
    return pio.to_html(
        figure,
        include_plotlyjs=False,
        full_html=False,
        div_id=f"figure-{re.sub('[^a-z0-9]+', '-', panel.name.lower())}",
        config={"displaylogo": False, "responsive": True},
    )
