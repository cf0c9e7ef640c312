"""Read a run's map: its layouts over time, its images, the neighbours of points, and what selected points share.

:mod:`simssl_core.storage.map_files` reads and writes the files. This module does not import torch, so that pages open
quickly. While a map is still being written, it is read up to its newest complete layout.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simssl_core.errors import CheckpointError
from simssl_core.storage import map_files
from simssl_core.storage.run_record import RunRecord, read_run

if TYPE_CHECKING:
    import pandas as pd

NOT_FACTORS = ("point", "label", "class", "instance", "view")


@dataclass(frozen=True)
class RunMap:
    """The description of one run's map.

    ``cell`` is (height, width) of one image in the sprite sheet, which has ``columns`` columns. ``count`` is N, the
    number of points; ``kinds`` are the kinds of layout, and ``steps`` the steps with a stored layout, ascending.
    """

    folder: Path
    record: RunRecord
    cell: tuple[int, int]
    columns: int
    count: int
    kinds: tuple[str, ...]
    steps: tuple[int, ...]

    @property
    def run(self) -> str:
        """The run's id."""
        return self.folder.name


def open_map(folder: str | Path) -> RunMap:
    """Read the description of the map of the run in ``folder``.

    Raises:
        CheckpointError: there is no layout yet, or the run or the description of its map is damaged.
    """
    folder = Path(folder).resolve()
    description = map_files.info(folder.name, folder.parent)
    steps = map_files.frames(folder.name, folder.parent) if description else []
    if not steps:
        raise CheckpointError(f"{folder.name} has no map yet; the first measurement during training draws it.")
    kinds = tuple(str(kind) for kind in description.get("kinds", ()) if kind in map_files.COLUMNS)
    height, width = description["cell"]
    return RunMap(
        folder=folder,
        record=read_run(folder),
        cell=(max(1, height), max(1, width)),
        columns=max(1, description["columns"]),
        count=description["count"],
        kinds=kinds,
        steps=tuple(steps),
    )


def read_points(run_map: RunMap) -> pd.DataFrame:
    """One row per point: ``label``, ``class``, ``instance``, ``view`` and a column for each known factor.

    Raises:
        CheckpointError: the table is missing, damaged, or does not have as many rows as the map has points.
    """
    table = map_files.points(run_map.run, run_map.folder.parent)
    if len(table) != run_map.count:
        raise CheckpointError(f"The points of {run_map.run} do not fit its map: {len(table)} rows for {run_map.count}.")
    return table


def read_layout(run_map: RunMap, kind: str, step: int) -> np.ndarray:
    """The layout ``kind`` at ``step``: float32 (N, 2) for umap, (N, 3) for pca and umap3.

    Raises:
        CheckpointError: the layout is missing, damaged, or has the wrong size.
    """
    layouts = map_files.frame(run_map.run, step, run_map.folder.parent)
    if kind not in layouts or len(layouts[kind]) != run_map.count:
        raise CheckpointError(f"The frame of {run_map.run} at step {step} has no fitting {kind} layout.")
    return layouts[kind]


def read_layouts(run_map: RunMap, kind: str) -> np.ndarray:
    """The first two axes of all layouts of ``kind`` over time: float32 (T, N, 2)."""
    return np.stack([read_layout(run_map, kind, step)[:, :2] for step in run_map.steps])


def nearest_step(run_map: RunMap, step: int) -> int:
    """The measured step nearest to ``step``, or the newest one if ``step`` is negative."""
    return run_map.steps[-1] if step < 0 else min(run_map.steps, key=lambda measured: abs(measured - step))


def quantise(layouts: np.ndarray) -> tuple[bytes, list[float], list[float]]:
    """Layouts (T, N, 2) as little-endian uint16, with the lowest and the highest corner between which they are scaled.

    The resolution, 1/65535 of the map's width, is far below a pixel, and the size is half that of float32.
    """
    low, high = layouts.min(axis=(0, 1)), layouts.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    integers = np.round((layouts - low) / span * 65535).astype("<u2")
    return integers.tobytes(), low.tolist(), (low + span).tolist()


def read_images(run_map: RunMap) -> np.ndarray:
    """The images of the points, cut from the sprite sheet: uint8 (N, H, W, 3). The sheet's compression is lossy.

    Raises:
        CheckpointError: the sheet is missing, is not an image, or does not have the size that the map states.
    """
    from PIL import Image, UnidentifiedImageError

    height, width = run_map.cell
    rows = -(-run_map.count // run_map.columns)
    try:
        with Image.open(io.BytesIO(map_files.sheet(run_map.run, run_map.folder.parent))) as picture:
            if picture.size != (run_map.columns * width, rows * height):
                raise CheckpointError(f"The images of {run_map.run}'s map have an unexpected size {picture.size}.")
            sheet = np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise CheckpointError(f"The images of {run_map.run}'s map cannot be read: {error}") from error
    cells = sheet.reshape(rows, height, run_map.columns, width, 3).swapaxes(1, 2)
    return np.ascontiguousarray(cells.reshape(-1, height, width, 3)[: run_map.count])


def points_id(table: pd.DataFrame) -> str:
    """A short hash of the points: equal for two runs if point k is the same image in both, for every k."""
    import pandas as pd

    columns = sorted(set(table.columns) - {"class"})
    rows = pd.util.hash_pandas_object(table[columns].round(5), index=False).to_numpy()
    return hashlib.sha1(",".join(columns).encode() + rows.tobytes()).hexdigest()[:12]


def factor_names(table: pd.DataFrame) -> list[str]:
    """The names of the factors in a table of points, in its order of columns."""
    return [name for name in table.columns if name not in NOT_FACTORS]


def nearest_points(layout: np.ndarray, selection: np.ndarray, count: int, candidates: np.ndarray) -> np.ndarray:
    """The ``count`` points nearest to any selected point, nearest first.

    They are taken from ``candidates``, bool (N,), without the points of ``selection`` themselves.
    """
    from scipy.spatial import cKDTree

    others = np.flatnonzero(candidates & ~np.isin(np.arange(len(layout)), selection))
    if not len(others) or not len(selection):
        return others[:0]
    distance, _ = cKDTree(layout[selection]).query(layout[others])
    return others[np.argsort(distance, kind="stable")[:count]]


def composition(table: pd.DataFrame, selection: np.ndarray) -> pd.DataFrame:
    """The classes of the selected points: columns ``class``, ``points``, ``share``, the most frequent first."""
    counts = table["class"].astype(str).iloc[selection].value_counts(sort=True)
    classes = counts.rename_axis("class").reset_index(name="points")
    return classes.assign(share=classes["points"] / max(1, len(selection)))


def spreads(table: pd.DataFrame, selection: np.ndarray, circular: frozenset[str] = frozenset()) -> pd.DataFrame:
    """How much each factor varies among the selected points, relative to all points (1: just as much).

    Columns: ``factor``; ``here``, the mean (for ``circular`` factors the mean direction in degrees); ``spread``, the
    ratio of standard deviations (of circular variances). Factors without values or without variation are omitted.
    """
    import pandas as pd

    rows = []
    for name in factor_names(table):
        column = table[name].to_numpy(float)
        selected, everything = column[selection], column[np.isfinite(column)]
        selected = selected[np.isfinite(selected)]
        if len(selected) == 0 or np.ptp(everything) == 0:
            continue
        if name in circular:
            mean = np.exp(1j * selected).mean()
            variance = 1 - abs(np.exp(1j * everything).mean())
            here, spread = np.degrees(np.angle(mean)) % 360, (1 - abs(mean)) / max(variance, 1e-9)
        else:
            here, spread = selected.mean(), selected.std() / everything.std()
        rows.append({"factor": name, "here": float(here), "spread": float(spread)})
    return pd.DataFrame(rows, columns=["factor", "here", "spread"])


def lay_out(
    folder: Path, kind: str, device: str = "auto", data: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """A new map of the run's final encoder: the table of its points, and their coordinates (N, 2) or (N, 3).

    ``kind`` is umap, pca or umap3. ``data`` overrides fields of the run's data configuration, such as the path.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are missing or have another shape.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.features import collect
    from simssl_core.latent.map_points import map_points
    from simssl_core.latent.projection import Projector

    run, plan = open_trained_run(folder, device, data), Plan()
    features = collect(run.objective.encode, run.dataset, run.view_maker, plan)
    table, _ = map_points(run.dataset, run.view_maker, plan)
    return table, getattr(Projector(), kind)(features.map)
