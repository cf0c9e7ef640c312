"""The moving map in a run's folder: reading and writing frames, points and the sheet of pictures. Torch-free."""

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
FRAME = re.compile(r"\d{8}\.safetensors")
COLUMNS = {"umap": 2, "pca": 3, "umap3": 3}
MOST_FRAMES = 120


def info(run: str, root: Root = None) -> dict[str, Any]:
    """``map.json``: cell [h, w], columns, count, kinds, frames; an empty dictionary where there is no map yet.

    Raises:
        CheckpointError: it is there, but not in order.
    """
    path = folder(run, root) / "map.json"
    if not path.is_file():
        return {}
    found = files.read_json(path)
    good = (
        isinstance(found.get("count"), int)
        and isinstance(found.get("columns"), int)
        and isinstance(found.get("cell"), list)
        and all(isinstance(n, int) for n in (*found["cell"], *found.get("frames", ["?"])))
    )
    if not good or len(found["cell"]) != 2 or not 0 < found["count"] <= 100_000:
        raise CheckpointError(f"{path} is damaged: it does not describe a map.")
    return found


def frames(run: str, root: Root = None) -> list[int]:
    """The steps of which there is a frame, in order."""
    where = folder(run, root)
    found = sorted(int(path.stem) for path in where.glob("*.safetensors") if FRAME.fullmatch(path.name))
    return found


def frame(run: str, step: int, root: Root = None) -> dict[str, np.ndarray]:
    """``{"umap": (N, 2), "pca": (N, 3), "umap3": (N, 3)}`` float32, as far as the frame has them.

    Raises:
        CheckpointError: there is no such frame, or it is damaged or foreign.
    """
    path = folder(run, root) / f"{int(step):08d}.safetensors"
    return read_frame(path)


def read_frame(path: Path) -> dict[str, np.ndarray]:
    """The layouts in one frame file, checked."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if path.stat().st_size > 10_000_000:
            raise CheckpointError(f"{path} is too large for a map's frame.")
        found = load(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"There is no map frame at {path}.") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    layouts = {kind: found[kind] for kind in COLUMNS if kind in found}
    for kind, layout in layouts.items():
        if layout.ndim != 2 or layout.shape[1] != COLUMNS[kind] or layout.dtype != np.float32:
            raise CheckpointError(f"{path} is damaged: {kind} is {layout.dtype} {layout.shape}.")
        if not np.isfinite(layout).all():
            raise CheckpointError(f"{path} is damaged: {kind} holds values that are not numbers.")
    if not layouts or len({len(layout) for layout in layouts.values()}) > 1:
        raise CheckpointError(f"{path} is damaged: no layouts, or of different lengths.")
    return layouts


def points(run: str, root: Root = None) -> pd.DataFrame:
    """One row for each point of the map: point, label, class, instance (−1: a test image), view, and every factor.

    Raises:
        CheckpointError: missing or damaged.
    """
    import pandas as pd

    path = folder(run, root) / "points.parquet"
    try:
        table = pd.read_parquet(path)
    except OSError as error:
        raise CheckpointError(f"There are no map points at {path}.") from error
    except Exception as error:  # what pyarrow raises on a foreign file is not one family
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    missing = {"point", "label", "class", "instance", "view"} - set(table.columns)
    if missing:
        raise CheckpointError(f"{path} is foreign: it has no {', '.join(sorted(missing))}.")
    return table


def sheet(run: str, root: Root = None) -> bytes:
    """The WebP with every point's picture, row by row.

    Raises:
        CheckpointError: it is missing.
    """
    path = folder(run, root) / "sheet.webp"
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"There is no sheet of pictures at {path}.") from error


def folder(run: str, root: Root = None) -> Path:
    """The run's ``map`` folder (it need not exist)."""
    return paths.run_folder(paths.root(root), run) / "map"


def begin(run: str, root: Root, table: pd.DataFrame, webp: bytes, columns: int, cell: tuple[int, int]) -> None:
    """Write what all frames share: the points and their pictures."""
    where = folder(run, root)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    files.write_whole(where / "points.parquet", buffer.getvalue())
    files.write_whole(where / "sheet.webp", webp)
    _describe(where, {"cell": list(cell), "columns": columns, "count": len(table), "kinds": [], "frames": []})


def add_frame(run: str, root: Root, step: int, layouts: dict[str, np.ndarray]) -> None:
    """Write one frame; when there are more than :data:`MOST_FRAMES`, every second older one goes."""
    from safetensors.numpy import save

    where = folder(run, root)
    files.write_whole(where / f"{step:08d}.safetensors", save(layouts))
    there = frames(run, root)
    if len(there) > MOST_FRAMES:
        for old in there[1:-1:2]:
            (where / f"{old:08d}.safetensors").unlink(missing_ok=True)
        there = frames(run, root)
    about = info(run, root)
    kinds = [kind for kind in COLUMNS if kind in {*about["kinds"], *layouts}]
    _describe(where, about | {"kinds": kinds, "frames": there})


def drop_after(run: str, root: Root, step: int) -> None:
    """Remove the frames after ``step``: the run goes on from there."""
    where = folder(run, root)
    if not (where / "map.json").is_file():
        return
    for old in frames(run, root):
        if old > step:
            (where / f"{old:08d}.safetensors").unlink(missing_ok=True)
    _describe(where, info(run, root) | {"frames": frames(run, root)})


def _describe(where: Path, about: dict[str, Any]) -> None:
    files.write_whole(where / "map.json", json.dumps(about))
