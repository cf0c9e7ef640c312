"""Reading ``run.json`` for a list: checked for form, never trusted, remembered until the file changes. Torch-free.

(To load an encoder the record is read again, and more strictly, by :mod:`simssl_core.training.checkpoints`.)
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from simssl_core.errors import CheckpointError, RunError
from simssl_core.runs import folders

FORMAT = 1
FORM: dict[str, type | tuple[type, ...]] = {
    "race": str,
    "label": str,
    "objective": str,
    "settings": dict,
    "config": dict,
    "step": int,
    "seconds": (int, float),
    "created": str,
    "status": str,
    "scores": dict,
    "dataset": dict,
}


def read_record(folder: Path) -> dict[str, Any]:
    """The checked content of ``folder/run.json``.

    Raises:
        CheckpointError: missing, foreign, of a newer format, or not of the right form.
    """
    path = folder / "run.json"
    try:
        stat = path.stat()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    return _read(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=2000)
def _read(path: Path, modified: int, size: int, inode: int) -> dict[str, Any]:
    try:
        record = folders.read_json(path)
    except RunError as error:
        raise CheckpointError(str(error)) from error
    if record.get("format") != FORMAT:
        newer = isinstance(record.get("format"), int) and record["format"] > FORMAT
        why = "was written by a newer version of the lab; update this one" if newer else "is not a run of this lab"
        raise CheckpointError(f"{path} {why}.")
    wrong = [name for name, kind in FORM.items() if not isinstance(record.get(name), kind)]
    steps = record["config"].get("train", {}).get("steps") if "config" not in wrong else None
    if not wrong and not isinstance(steps, int):
        wrong = ["config.train.steps"]
    if not wrong and not isinstance(record["dataset"].get("name"), str):
        wrong = ["dataset.name"]
    if wrong:
        raise CheckpointError(f"{path} is damaged or foreign: {', '.join(wrong)} missing or of the wrong kind.")
    record["scores"] = {str(k): float(v) for k, v in record["scores"].items() if _number(v)}
    record.setdefault("reason", None)
    return record


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
