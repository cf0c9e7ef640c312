"""``map``: a run's latent map as a picture, a page or a table."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core.cli import options
from simssl_core.errors import ConfigError
from simssl_core.storage import map_files
from simssl_core.storage.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HELP = "draw a run's latent map"
KINDS = ("umap", "pca", "umap3")
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000", "#999999", "#8A5A44")
SIZE, MARGIN = 1_000, 40  # pixels


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "map", help=HELP, description=f"{HELP} as .png, .html or .csv, by the ending of --out."
    )
    options.add_run(parser)
    parser.add_argument("--kind", choices=KINDS, default="umap", help="how it is laid out (default: umap)")
    parser.add_argument("--out", metavar="FILE", help="file.png, file.html or file.csv (default: RUN-KIND.html)")
    parser.add_argument("--step", type=int, help="the recorded frame nearest to this step (default: the last)")
    parser.add_argument("--fresh", action="store_true", help="lay the final encoder out anew, from the data")
    parser.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Write the map and say where."""
    options.prepare_environment()
    folder = options.run_folder(chosen.run, chosen.root)
    out = Path(chosen.out or f"{folder.name}-{chosen.kind}.html")
    writers = {".png": _png, ".html": _html, ".csv": _csv}
    if out.suffix not in writers:
        raise ConfigError(f"--out {out} must end in .png, .html or .csv.")
    step, table, places = _layout(folder, chosen)
    axes = ("x", "y", "z")[: places.shape[1]]
    table = table.assign(**{f"map_{axis}": places[:, i] for i, axis in enumerate(axes)})
    write_whole(out, writers[out.suffix](table, places, f"{folder.name}, {chosen.kind}, step {step}"))
    about = {"run": folder.name, "kind": chosen.kind, "step": step, "points": len(table), "file": str(out.resolve())}
    if chosen.json:
        options.print_json(about)
    else:
        print(f"{out}: {len(table)} points at step {step}")
    return 0


def _layout(folder: Path, chosen: argparse.Namespace) -> tuple[int, pd.DataFrame, np.ndarray]:
    """The recorded frame where there is one of this kind, else a new layout of the final encoder."""
    steps = [] if chosen.fresh else map_files.frames(folder.name, folder.parent)
    wanted = steps[-1:] if chosen.step is None else sorted(steps, key=lambda step: abs(step - chosen.step))[:1]
    for step in wanted:
        layouts = map_files.frame(folder.name, step, folder.parent)
        table = map_files.points(folder.name, folder.parent)
        if chosen.kind in layouts and len(layouts[chosen.kind]) == len(table):
            return step, table, layouts[chosen.kind]
    from simssl_core.analysis.latent_map import lay_out
    from simssl_core.storage.run_record import read_run

    if chosen.step is not None:
        raise ConfigError(
            f"'{folder.name}' has no {chosen.kind} frame near step {chosen.step}; frames: {steps or 'none'}."
        )
    data = {"path": chosen.path} if chosen.path else None
    return read_run(folder).step, *lay_out(folder, chosen.kind, chosen.device, data)


def _csv(table: pd.DataFrame, places: np.ndarray, title: str) -> str:
    return table.to_csv(index=False)


def _html(table: pd.DataFrame, places: np.ndarray, title: str) -> str:
    """An interactive page that needs no internet."""
    import plotly.graph_objects as go

    three = places.shape[1] == 3
    figure = go.Figure(layout={"title": title, "template": "plotly_white", "legend": {"title": "content"}})
    for number, (name, rows) in enumerate(table.groupby("class", sort=False)):
        marker = {"size": 3 if three else 5, "color": PALETTE[number % len(PALETTE)]}
        where = {axis: rows[f"map_{axis}"] for axis in ("x", "y", "z")[: places.shape[1]]}
        kind = go.Scatter3d if three else go.Scattergl
        figure.add_trace(kind(**where, mode="markers", name=str(name), marker=marker, text=rows["point"]))
    if not three:
        figure.update_yaxes(scaleanchor="x")
    return figure.to_html(include_plotlyjs=True, full_html=True)


def _png(table: pd.DataFrame, places: np.ndarray, title: str) -> bytes:
    """Dots on white, one colour for each class, with a legend; of three dimensions the first two."""
    from PIL import Image, ImageDraw

    low, high = places[:, :2].min(0), places[:, :2].max(0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    spots = (places[:, :2] - (low + high) / 2) * scale + SIZE / 2
    image = Image.new("RGB", (SIZE, SIZE), "white")
    draw = ImageDraw.Draw(image)
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(table["class"]))}
    for (x, y), name in zip(spots, table["class"], strict=True):
        draw.ellipse((x - 3, SIZE - y - 3, x + 3, SIZE - y + 3), fill=colours[name])
    draw.text((10, 10), title, fill="black")
    for row, (name, colour) in enumerate(colours.items()):
        draw.rectangle((10, 30 + 16 * row, 20, 40 + 16 * row), fill=colour)
        draw.text((26, 29 + 16 * row), str(name), fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
