"""``map``: write a run's latent map as a picture, a page or a table."""

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
    """Add the command."""
    parser = commands.add_parser(
        "map", help=HELP, description=f"{HELP} as .png, .html or .csv, according to the ending of --out."
    )
    options.add_run(parser)
    parser.add_argument("--kind", choices=KINDS, default="umap", help="method of the layout (default: umap)")
    parser.add_argument("--out", metavar="FILE", help="file.png, file.html or file.csv (default: RUN-KIND.html)")
    parser.add_argument("--step", type=int, help="the recorded frame nearest to this step (default: the last)")
    parser.add_argument("--fresh", action="store_true", help="compute a new map of the final encoder from the data")
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the map and print where it is."""
    options.prepare_environment()
    folder = options.run_folder(arguments.run, arguments.root)
    out = Path(arguments.out or f"{folder.name}-{arguments.kind}.html")
    writers = {".png": _png, ".html": _html, ".csv": _csv}
    if out.suffix not in writers:
        raise ConfigError(f"--out {out} must end in .png, .html or .csv.")
    step, table, positions = _layout(folder, arguments)
    axes = ("x", "y", "z")[: positions.shape[1]]
    table = table.assign(**{f"map_{axis}": positions[:, i] for i, axis in enumerate(axes)})
    write_whole(out, writers[out.suffix](table, positions, f"{folder.name}, {arguments.kind}, step {step}"))
    summary = {
        "run": folder.name,
        "kind": arguments.kind,
        "step": step,
        "points": len(table),
        "file": str(out.resolve()),
    }
    if arguments.json:
        options.print_json(summary)
    else:
        print(f"{out}: {len(table)} points at step {step}")
    return 0


def _layout(folder: Path, arguments: argparse.Namespace) -> tuple[int, pd.DataFrame, np.ndarray]:
    """Step, table of points and positions (N, 2 or 3).

    They are those of the recorded frame if there is one of this kind, otherwise of a new layout of the final encoder.
    """
    steps = [] if arguments.fresh else map_files.frames(folder.name, folder.parent)
    if steps:
        step = steps[-1] if arguments.step is None else min(steps, key=lambda step: abs(step - arguments.step))
        layouts = map_files.frame(folder.name, step, folder.parent)
        table = map_files.points(folder.name, folder.parent)
        if arguments.kind in layouts and len(layouts[arguments.kind]) == len(table):
            return step, table, layouts[arguments.kind]
    from simssl_core.analysis.latent_map import lay_out
    from simssl_core.storage.run_record import read_run

    if arguments.step is not None:
        raise ConfigError(
            f"'{folder.name}' has no {arguments.kind} frame near step {arguments.step}; frames: {steps or 'none'}."
        )
    data = {"path": arguments.path} if arguments.path else None
    return read_run(folder).step, *lay_out(folder, arguments.kind, arguments.device, data)


def _csv(table: pd.DataFrame, positions: np.ndarray, title: str) -> str:
    return table.to_csv(index=False)


def _html(table: pd.DataFrame, positions: np.ndarray, title: str) -> str:
    """An interactive page that works without the internet."""
    import plotly.graph_objects as go

    is_3d = positions.shape[1] == 3
    axes = ("x", "y", "z")[: positions.shape[1]]
    figure = go.Figure(layout={"title": title, "template": "plotly_white", "legend": {"title": "content"}})
    for number, (name, rows) in enumerate(table.groupby("class", sort=False)):
        marker = {"size": 3 if is_3d else 5, "color": PALETTE[number % len(PALETTE)]}
        coordinates = {axis: rows[f"map_{axis}"] for axis in axes}
        trace = go.Scatter3d if is_3d else go.Scattergl
        figure.add_trace(trace(**coordinates, mode="markers", name=str(name), marker=marker, text=rows["point"]))
    if not is_3d:
        figure.update_yaxes(scaleanchor="x")
    return figure.to_html(include_plotlyjs=True, full_html=True)


def _png(table: pd.DataFrame, positions: np.ndarray, title: str) -> bytes:
    """Dots on white, one colour for each class, with a legend; a map in three dimensions shows its first two."""
    from PIL import Image, ImageDraw

    low, high = positions[:, :2].min(0), positions[:, :2].max(0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    pixels = (positions[:, :2] - (low + high) / 2) * scale + SIZE / 2
    image = Image.new("RGB", (SIZE, SIZE), "white")
    draw = ImageDraw.Draw(image)
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(table["class"]))}
    for (x, y), name in zip(pixels, table["class"], strict=True):
        draw.ellipse((x - 3, SIZE - y - 3, x + 3, SIZE - y + 3), fill=colours[name])
    draw.text((10, 10), title, fill="black")
    for row, (name, colour) in enumerate(colours.items()):
        draw.rectangle((10, 30 + 16 * row, 20, 40 + 16 * row), fill=colour)
        draw.text((26, 29 + 16 * row), str(name), fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
