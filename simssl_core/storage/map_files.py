"""The moving map in a run's folder: its frames, its table of points and its sheet of pictures. Torch-free."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core.errors import CheckpointError
from simssl_core.storage import files, paths

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Root = str | os.PathLike | None
INFO, POINTS, SHEET = "map.json", "points.parquet", "sheet.webp"
FRAME = re.compile(r"\d{8}\.safetensors")
COLUMNS = {"umap": 2, "pca": 3, "umap3": 3}
MOST_FRAMES = 120
MOST_FRAME_BYTES = 10_000_000


def info(run: str, root: Root = None) -> dict[str, Any]:
    """The content of ``map.json``: cell [h, w], columns, count, kinds, frames; an empty dictionary without a map.

    Raises:
        CheckpointError: the file exists but does not describe a map.
    """
    path = folder(run, root) / INFO
    if not path.is_file():
        return {}
    values = files.read_json(path)
    has_types = (
        isinstance(values.get("count"), int)
        and isinstance(values.get("columns"), int)
        and isinstance(values.get("cell"), list)
        and all(isinstance(number, int) for number in (*values["cell"], *values.get("frames", ["?"])))
    )
    if not has_types or len(values["cell"]) != 2 or not 0 < values["count"] <= 100_000:
        raise CheckpointError(f"{path} is damaged: it does not describe a map.")
    return values


def frames(run: str, root: Root = None) -> list[int]:
    """The steps at which a frame was saved, in ascending order."""
    names = (path.name for path in folder(run, root).glob("*.safetensors"))
    return sorted(int(Path(name).stem) for name in names if FRAME.fullmatch(name))


def frame(run: str, step: int, root: Root = None) -> dict[str, np.ndarray]:
    """The layouts at ``step``: ``{"umap": (N, 2), "pca": (N, 3), "umap3": (N, 3)}`` float32, or some of these.

    Raises:
        CheckpointError: there is no such frame, or it is damaged or not a map's frame.
    """
    return read_frame(_frame_path(folder(run, root), int(step)))


def read_frame(path: Path) -> dict[str, np.ndarray]:
    """The layouts in one frame file, after checking them; see :func:`frame`."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if path.stat().st_size > MOST_FRAME_BYTES:
            raise CheckpointError(f"{path} is too large for a map's frame.")
        arrays = load(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"There is no map frame at {path}.") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    layouts = {kind: arrays[kind] for kind in COLUMNS if kind in arrays}
    for kind, layout in layouts.items():
        if layout.ndim != 2 or layout.shape[1] != COLUMNS[kind] or layout.dtype != np.float32:
            raise CheckpointError(f"{path} is damaged: {kind} is {layout.dtype} {layout.shape}.")
        if not np.isfinite(layout).all():
            raise CheckpointError(f"{path} is damaged: {kind} holds values that are not finite.")
    if not layouts or len({len(layout) for layout in layouts.values()}) > 1:
        raise CheckpointError(f"{path} is damaged: it has no layouts, or they have different lengths.")
    return layouts


def points(run: str, root: Root = None) -> pd.DataFrame:
    """One row for each point of the map: point, label, class, instance (−1: a test image), view, and every factor.

    Raises:
        CheckpointError: the table is missing or damaged.
    """
    import pandas as pd

    path = folder(run, root) / POINTS
    try:
        table = pd.read_parquet(path)
    except OSError as error:
        raise CheckpointError(f"There are no map points at {path}.") from error
    except Exception as error:  # pyarrow's errors for files of another kind have no common class
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    missing = {"point", "label", "class", "instance", "view"} - set(table.columns)
    if missing:
        raise CheckpointError(f"{path} is not a table of map points: it has no {', '.join(sorted(missing))}.")
    return table


def sheet(run: str, root: Root = None) -> bytes:
    """The WebP image that holds every point's picture, row by row.

    Raises:
        CheckpointError: the file is missing.
    """
    path = folder(run, root) / SHEET
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"There is no sheet of pictures at {path}.") from error


def folder(run: str, root: Root = None) -> Path:
    """The run's ``map`` folder, which need not exist."""
    return paths.run_folder(paths.root(root), run) / "map"


def begin(run: str, root: Root, table: pd.DataFrame, webp: bytes, columns: int, cell: tuple[int, int]) -> None:
    """Write what all frames share: the table of points and the sheet of their pictures.

    The sheet ``webp`` has ``columns`` pictures in a row, each of ``cell`` (height, width) pixels.
    """
    map_folder = folder(run, root)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    files.write_whole(map_folder / POINTS, buffer.getvalue())
    files.write_whole(map_folder / SHEET, webp)
    _write_info(map_folder, {"cell": list(cell), "columns": columns, "count": len(table), "kinds": [], "frames": []})


def add_frame(run: str, root: Root, step: int, layouts: dict[str, np.ndarray]) -> None:
    """Write one frame; if there are then more than :data:`MOST_FRAMES`, delete every second one.

    The first and the last frame always stay.
    """
    from safetensors.numpy import save

    map_folder = folder(run, root)
    files.write_whole(_frame_path(map_folder, step), save(layouts))
    steps = frames(run, root)
    if len(steps) > MOST_FRAMES:
        for old_step in steps[1:-1:2]:
            _frame_path(map_folder, old_step).unlink(missing_ok=True)
        steps = frames(run, root)
    values = info(run, root)
    kinds = [kind for kind in COLUMNS if kind in {*values["kinds"], *layouts}]
    _write_info(map_folder, values | {"kinds": kinds, "frames": steps})


def drop_after(run: str, root: Root, step: int) -> None:
    """Delete the frames after ``step``, from which the run resumes."""
    map_folder = folder(run, root)
    if not (map_folder / INFO).is_file():
        return
    for saved_step in frames(run, root):
        if saved_step > step:
            _frame_path(map_folder, saved_step).unlink(missing_ok=True)
    _write_info(map_folder, info(run, root) | {"frames": frames(run, root)})


def _frame_path(map_folder: Path, step: int) -> Path:
    return map_folder / f"{step:08d}.safetensors"


def _write_info(map_folder: Path, values: dict[str, Any]) -> None:
    files.write_whole(map_folder / INFO, json.dumps(values))
