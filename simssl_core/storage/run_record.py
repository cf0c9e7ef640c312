"""The record of a run, ``run.json``: its fields are declared here and checked whenever it is read. Torch-free."""

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
WEIGHTS_ID_DIGITS = 16
PICKLES = {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".npy", ".npz", ".joblib"}
Status = Literal["training", "paused", "finished", "stopped", "failed"]


class DatasetRecord(Settings):
    """What must be known of the data set to use a run without the data."""

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...] = ()
    factors: tuple[dict[str, Any], ...] = ()


class RunRecord(Settings):
    """The record of one member of a race.

    ``settings`` are the objective's settings and ``context`` the data and model for which it was built; ``seconds`` is
    training time; ``scores`` (finite numbers only) were measured at ``score_step``.
    """

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
    def _finite(cls, scores: dict[str, float | None]) -> dict[str, float]:
        if not isinstance(scores, dict):
            raise ValueError("scores must be an object of numbers by name")
        return {
            name: score
            for name, score in scores.items()
            if score is not None and (not isinstance(score, float) or math.isfinite(score))
        }


def read_run(folder: Path | str) -> RunRecord:
    """Read the record of the run in ``folder``.

    Its ``run`` is the folder's present name, whatever the run was called when the record was written.

    Raises:
        CheckpointError: there is no such folder, it holds no record, or the record is damaged, not of this lab, or was
            written by a newer version.
    """
    folder = Path(folder)
    _check_folder(folder)
    values = read_json(folder / RECORD)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(
            f"{folder} has format {version}; this lab reads formats up to {FORMAT}: update the lab to open it"
        )
    try:
        return parse(RunRecord, values | {"run": folder.resolve().name}, str(folder / RECORD))
    except ConfigError as error:
        raise CheckpointError(f"{error}. The record is damaged or not of this lab") from error


def _check_folder(folder: Path) -> None:
    """Raise a CheckpointError that says what is wrong if the path is not a run's folder."""
    if folder.suffix in PICKLES and folder.is_file():
        raise CheckpointError(
            f"{folder} is a pickle or an archive of one, and nothing is ever unpickled here (it could run any "
            f"program); give the folder of a run, with {RECORD} and {WEIGHTS}"
        )
    if folder.is_file():
        raise CheckpointError(f"{folder} is a file; give the folder of a run, the one that holds {RECORD}")
    if not folder.is_dir():
        raise CheckpointError(f"there is no folder {folder}")
    if not (folder / RECORD).exists():
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        reason = f"; it holds {pickles[0]}, a pickle, and nothing is ever unpickled here" if pickles else ""
        raise CheckpointError(f"{folder} is not a run: it has no {RECORD}{reason}")


def weights_id(folder: Path | str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a run's weights; they change with every checkpoint.

    Raises:
        CheckpointError: the run has no weights, or none yet.
    """
    path = Path(folder) / WEIGHTS
    plain_file(path)
    status = path.stat()
    return _hash(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=500)
def _hash(path: Path, modified: int, size: int, inode: int) -> str:
    """The last three arguments change with the file and make the cache hash it again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:WEIGHTS_ID_DIGITS]
