"""What a run says of itself: ``run.json``, declared once, checked whenever it is read. Torch-free: pages list runs."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from simssl_core.config import RunConfig, Settings, check_name, parse
from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.files import plain_file, read_json

FORMAT: Final = 1
RECORD, WEIGHTS = "run.json", "weights.safetensors"
PICKLES = {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".npy", ".npz", ".joblib"}
Status = Literal["training", "paused", "finished", "stopped", "failed"]


class DatasetRecord(Settings):
    """What must be known of the data to use a run without having them."""

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...] = ()
    factors: tuple[dict[str, Any], ...] = ()


class RunRecord(Settings):
    """One member of a race, in full. ``settings`` are the objective's, ``context`` what it was built for; ``seconds``
    is training time; ``scores`` (finite numbers only) were measured at ``score_step``."""

    format: Literal[1] = FORMAT
    run: str
    race: str
    objective: str
    label: str
    settings: dict[str, Any]
    config: RunConfig
    step: int = Field(0, ge=0)
    seconds: float = Field(0.0, ge=0)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    status: Status = "training"
    reason: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    device: str = "cpu"
    scores: dict[str, float] = Field(default_factory=dict)
    score_step: int | None = None
    context: dict[str, Any]
    dataset: DatasetRecord

    @field_validator("run", "race", "label", "objective")
    @classmethod
    def _plain(cls, value: str) -> str:
        return check_name(value)

    @field_validator("scores", mode="before")
    @classmethod
    def _finite(cls, value: dict[str, float | None]) -> dict[str, float]:
        if not isinstance(value, dict):
            raise ValueError("scores must be an object of numbers by name")
        return {
            name: v
            for name, v in value.items()
            if v is not None and not (isinstance(v, float) and not math.isfinite(v))
        }


def read_run(folder: Path | str) -> RunRecord:
    """The record of the run in ``folder``; its ``run`` is the folder's name, whatever it was called when written.

    Raises:
        CheckpointError: there is no such folder, no record in it, or the record is damaged, foreign or of a newer lab.
    """
    folder = Path(folder)
    _refuse_pickles(folder)
    values = read_json(folder / RECORD)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(
            f"{folder} has format {version}, this lab reads up to {FORMAT}: update the lab to open it"
        )
    try:
        return parse(RunRecord, values | {"run": folder.resolve().name}, str(folder / RECORD))
    except ConfigError as error:
        raise CheckpointError(f"{error}. The record is damaged or not of this lab") from error


def _refuse_pickles(folder: Path) -> None:
    """Say what is wrong with a path that is not a run's folder."""
    if folder.suffix in PICKLES and folder.is_file():
        raise CheckpointError(
            f"{folder} is a pickle or an archive of one, and nothing is ever unpickled here (it could run any "
            "program); give the folder of a run, with run.json and weights.safetensors"
        )
    if folder.is_file():
        raise CheckpointError(f"{folder} is a file; give the folder of a run, the one that holds {RECORD}")
    if not folder.is_dir():
        raise CheckpointError(f"there is no folder {folder}")
    if not (folder / RECORD).exists():
        foreign = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        why = f"; it holds {foreign[0]}, a pickle, and nothing is ever unpickled here" if foreign else ""
        raise CheckpointError(f"{folder} is not a run: it has no {RECORD}{why}")


LENGTH = 16


def weights_id(folder: Path | str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a run's weights; they change with every checkpoint.

    Raises:
        CheckpointError: the run has no weights (yet).
    """
    path = Path(folder) / WEIGHTS
    plain_file(path)
    found = path.stat()
    return _hashed(path, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=500)
def _hashed(path: Path, modified: int, size: int, inode: int) -> str:
    """Remembered until the file changes (the last three arguments)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:LENGTH]
