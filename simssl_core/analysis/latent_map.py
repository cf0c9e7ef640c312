"""A run's map, opened to be looked at: its layouts over time, its images, what lies near, what a selection shares.

Built on :mod:`simssl_core.storage.map_files`, which reads and writes the files. Torch-free, so that pages open
quickly. A map still being written is read up to its newest whole layout.
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
    """Where one run's map lies and what is in it. ``steps`` are those whose layouts are on the disk, ascending."""

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
    """Read what the map of the run in ``folder`` has to show.

    Raises:
        CheckpointError: there is no layout yet, or the run or the description of its map is damaged.
    """
    folder = Path(folder).resolve()
    about = map_files.info(folder.name, folder.parent)
    steps = map_files.frames(folder.name, folder.parent) if about else []
    if not steps:
        raise CheckpointError(f"{folder.name} has no map yet: it is drawn at the first measurement of a training.")
    kinds = tuple(str(kind) for kind in about.get("kinds", ()) if kind in map_files.COLUMNS)
    cell = (max(1, about["cell"][0]), max(1, about["cell"][1]))
    return RunMap(folder, read_run(folder), cell, max(1, about["columns"]), about["count"], kinds, tuple(steps))


def read_points(shown: RunMap) -> pd.DataFrame:
    """One row per point: ``label``, ``class``, ``instance``, ``view`` and a column for each known factor.

    Raises:
        CheckpointError: the table is missing, damaged, or does not have the map's number of rows.
    """
    table = map_files.points(shown.run, shown.folder.parent)
    if len(table) != shown.count:
        raise CheckpointError(f"The points of {shown.run} do not fit its map: {len(table)} rows for {shown.count}.")
    return table


def read_layout(shown: RunMap, kind: str, step: int) -> np.ndarray:
    """The layout ``kind`` at ``step``: float32 (N, 2) for umap, (N, 3) for pca and umap3.

    Raises:
        CheckpointError: it is missing, damaged, or of the wrong size.
    """
    found = map_files.frame(shown.run, step, shown.folder.parent)
    if kind not in found or len(found[kind]) != shown.count:
        raise CheckpointError(f"The frame of {shown.run} at step {step} has no fitting {kind} layout.")
    return found[kind]


def read_layouts(shown: RunMap, kind: str) -> np.ndarray:
    """Every layout ``kind`` over time, the first two axes of each: float32 (T, N, 2)."""
    return np.stack([read_layout(shown, kind, step)[:, :2] for step in shown.steps])


def nearest_step(shown: RunMap, step: int) -> int:
    """The measured step nearest to ``step``; a negative one asks for the newest."""
    return shown.steps[-1] if step < 0 else min(shown.steps, key=lambda known: abs(known - step))


def quantise(layouts: np.ndarray) -> tuple[bytes, list[float], list[float]]:
    """Layouts (T, N, 2) as little-endian uint16 between their lowest and highest corner, which are returned with them.

    1/65535 of the map's width is far below a pixel, at half the size of float32.
    """
    low, high = layouts.min(axis=(0, 1)), layouts.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    whole = np.round((layouts - low) / span * 65535).astype("<u2")
    return whole.tobytes(), low.tolist(), (low + span).tolist()


def read_images(shown: RunMap) -> np.ndarray:
    """The points' images, cut from the sprite sheet: uint8 (N, H, W, 3). The sheet is compressed with some loss.

    Raises:
        CheckpointError: the sheet is missing, is no image, or is not as large as the map says.
    """
    from PIL import Image, UnidentifiedImageError

    height, width = shown.cell
    rows = -(-shown.count // shown.columns)
    try:
        with Image.open(io.BytesIO(map_files.sheet(shown.run, shown.folder.parent))) as picture:
            if picture.size != (shown.columns * width, rows * height):
                raise CheckpointError(f"The images of {shown.run}'s map have an unexpected size {picture.size}.")
            sheet = np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise CheckpointError(f"The images of {shown.run}'s map cannot be read: {error}") from error
    cells = sheet.reshape(rows, height, shown.columns, width, 3).swapaxes(1, 2)
    return np.ascontiguousarray(cells.reshape(-1, height, width, 3)[: shown.count])


def points_id(table: pd.DataFrame) -> str:
    """A short name for what the points are: equal in two runs when point k is the same image in both."""
    import pandas as pd

    columns = sorted(set(table.columns) - {"class"})
    rows = pd.util.hash_pandas_object(table[columns].round(5), index=False).to_numpy()
    return hashlib.sha1(",".join(columns).encode() + rows.tobytes()).hexdigest()[:12]


def factor_names(table: pd.DataFrame) -> list[str]:
    """The factors a table of points knows, in its own order."""
    return [name for name in table.columns if name not in NOT_FACTORS]


def nearest_points(layout: np.ndarray, chosen: np.ndarray, count: int, among: np.ndarray) -> np.ndarray:
    """The ``count`` points of ``among`` (bool (N,)) nearest to a chosen one, not chosen themselves; nearest first."""
    from scipy.spatial import cKDTree

    rest = np.flatnonzero(among & ~np.isin(np.arange(len(layout)), chosen))
    if not len(rest) or not len(chosen):
        return rest[:0]
    distance, _ = cKDTree(layout[chosen]).query(layout[rest])
    return rest[np.argsort(distance, kind="stable")[:count]]


def composition(table: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Which classes the chosen points have: columns ``class``, ``points``, ``share``, the commonest first."""
    counts = table["class"].astype(str).iloc[chosen].value_counts(sort=True)
    few = counts.rename_axis("class").reset_index(name="points")
    return few.assign(share=few["points"] / max(1, len(chosen)))


def spreads(table: pd.DataFrame, chosen: np.ndarray, circular: frozenset[str] = frozenset()) -> pd.DataFrame:
    """How much each factor still varies inside the chosen points, against all points (1: as much as everywhere).

    Columns ``factor``, ``here`` (mean; circular: mean direction in degrees), ``spread`` (ratio of standard deviations;
    circular: of circular variances). Factors that nothing is known of, or that never vary, are left out.
    """
    import pandas as pd

    rows = []
    for name in factor_names(table):
        column = table[name].to_numpy(float)
        few, everything = column[chosen], column[np.isfinite(column)]
        few = few[np.isfinite(few)]
        if len(few) == 0 or np.ptp(everything) == 0:
            continue
        if name in circular:
            mean, varied = np.exp(1j * few).mean(), 1 - abs(np.exp(1j * everything).mean())
            here, spread = np.degrees(np.angle(mean)) % 360, (1 - abs(mean)) / max(varied, 1e-9)
        else:
            here, spread = few.mean(), few.std() / everything.std()
        rows.append({"factor": name, "here": float(here), "spread": float(spread)})
    return pd.DataFrame(rows, columns=["factor", "here", "spread"])


def lay_out(
    folder: Path, kind: str, device: str = "auto", data: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """A new map of the run's final encoder: the points' table, and their places (N, 2) or (N, 3).

    ``kind`` is umap, pca or umap3; ``data`` overrides where the data lie.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are not here, or of another shape.
    """
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.features import collect
    from simssl_core.latent.map_points import map_points
    from simssl_core.latent.projection import Projector

    run, plan = open_trained_run(folder, device, data), Plan()
    features = collect(run.objective.encode, run.dataset, run.views, plan)
    table, _ = map_points(run.dataset, run.views, plan)
    return table, getattr(Projector(), kind)(features.map)
