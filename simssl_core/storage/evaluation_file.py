"""``evaluation.json``: what a full measurement found that is no flat score, kept with the run. Torch-free.

Layers, spectrum, how far each number could be off, and, where it was asked for, ELBO_SSL. Bound to the weights by their
hash: after further training it still tells what it was measured on, but no longer counts as the run's present state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, field_validator

from simssl_core.config import Settings, parse
from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.files import read_json, write_whole
from simssl_core.storage.run_record import weights_id

FILE = "evaluation.json"
FORMAT: Final = 1


class Finite(Settings):
    """Settings whose numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Spread(Finite):
    """A value, its standard error over held-out data, and a 95 % interval."""

    value: float
    error: float = Field(ge=0)
    low: float
    high: float


class Layer(Finite):
    """One layer of the profile, from the backbone outwards; a number that has no answer is None."""

    name: str
    width: int = Field(ge=1)
    linear: float | None = None
    knn: float | None = None
    style_r2: float | None = None
    style_share: float | None = None
    effective_rank: float | None = None


class Elbo(Finite):
    """ELBO_SSL of the frozen representation, nats per datum (summed over ``views``), with its error over data."""

    reconstruct: float
    entropy: float
    prior: float
    error: float = Field(ge=0)
    views: int = Field(ge=1)
    seconds: float = 0.0

    @property
    def total(self) -> float:
        """The bound on log p(x¹..x^J)."""
        return self.reconstruct + self.entropy + self.prior


class Findings(Finite):
    """One full measurement. ``train`` and ``test``: the images that a probe learnt from and was asked about."""

    format: Literal[1] = FORMAT
    weights: str
    step: int = Field(ge=0)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: float = 0.0
    train: int = Field(0, ge=0)
    test: int = Field(0, ge=0)
    scores: dict[str, float] = Field(default_factory=dict)
    intervals: dict[str, Spread] = Field(default_factory=dict)
    spectrum: tuple[float, ...] = ()
    layers: tuple[Layer, ...] = ()
    elbo: Elbo | None = None

    @field_validator("spectrum")
    @classmethod
    def _falling(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= v <= 1.000001 for v in value):
            raise ValueError("singular values relative to the largest lie between 0 and 1")
        return value


def read(folder: Path | str) -> Findings | None:
    """What was found of the run; None where it was never measured in full.

    Raises:
        CheckpointError: the file is damaged, of a newer lab, or not of this lab.
    """
    path = Path(folder) / FILE
    try:
        found = path.stat()
    except OSError:
        return None
    return _read(path, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=500)
def _read(path: Path, modified: int, size: int, inode: int) -> Findings:
    """Remembered until the file changes (the last three arguments)."""
    values = read_json(path)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(f"{path} has format {version}, this lab reads up to {FORMAT}: update the lab")
    try:
        return parse(Findings, values, FILE)
    except ConfigError as error:
        raise CheckpointError(f"{error}. The file is damaged; measure '{path.parent.name}' in full again") from error


def current(found: Findings, folder: Path | str) -> bool:
    """Whether it was measured on the weights that the run has now."""
    try:
        return found.weights == weights_id(folder)
    except CheckpointError:
        return False


def write(folder: Path | str, found: Findings) -> None:
    """Keep ``found`` with the run.

    Raises:
        RunError: the file cannot be written.
    """
    write_whole(Path(folder) / FILE, found.model_dump_json(indent=1))


def finite(values: dict[str, Any]) -> dict[str, float | None]:
    """Numbers that are not finite as None: JSON has no word for them."""
    return {name: v if isinstance(v, (int, float)) and math.isfinite(v) else None for name, v in values.items()}


def keep_beside(folder: Path, step: int, scores: Mapping[str, float], found: Mapping[str, Any]) -> None:
    """Store what :func:`beside` found at the end of a training; the layers are left to a full measurement.

    Raises:
        CheckpointError: the run has no weights.
        RunError: the disk cannot be written.
    """
    values = {"weights": weights_id(folder), "step": step, "scores": dict(scores), **found}
    write(folder, parse(Findings, values, FILE))
