"""``evaluation.json``: the full measurement of a run, stored in its folder.

It holds the scores with their intervals, the layers, the spectrum and, if requested, ELBO_SSL, together with a hash of
the weights that were measured. After further training the file can still be read, but it no longer counts as the run's
current measurement. Importing this module does not import torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ConfigDict, Field, field_validator

from simssl_core.config import Settings, parse
from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.files import read_json, write_whole
from simssl_core.storage.run_record import weights_id

if TYPE_CHECKING:
    from simssl_core.evaluation.measurement import Measurement

FILE = "evaluation.json"
FORMAT: Final = 1


class Finite(Settings):
    """Settings whose numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Spread(Finite):
    """A value, its standard error over held-out data, and its 95 % interval."""

    value: float
    error: float = Field(ge=0)
    low: float
    high: float


class Layer(Finite):
    """One layer of the profile, with the metrics that are measured of layers, by flat name.

    A metric without a finite value is None.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None] = Field(init=False)

    name: str
    width: int = Field(ge=1)

    def value(self, metric: str) -> float | None:
        """The value of the metric with that flat name; None if it was not finite or not measured."""
        return (self.__pydantic_extra__ or {}).get(metric)


class Elbo(Finite):
    """ELBO_SSL of the frozen representation in nats per datum (summed over ``views``), with its standard error."""

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


class Evaluation(Finite):
    """One full measurement. ``train`` and ``test`` are the numbers of images that a probe learnt from and predicted.

    ``layers`` are ordered from the backbone outwards; ``spectrum`` holds singular values relative to the largest.
    """

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
    def _relative(cls, spectrum: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= value <= 1.000001 for value in spectrum):
            raise ValueError("singular values relative to the largest lie between 0 and 1")
        return spectrum


def read(folder: Path | str) -> Evaluation | None:
    """The run's full measurement, or None if it was never measured in full.

    Raises:
        CheckpointError: the file is damaged, was written by a newer version, or is not of this lab.
    """
    path = Path(folder) / FILE
    try:
        status = path.stat()
    except OSError:
        return None
    return _read(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=500)
def _read(path: Path, modified: int, size: int, inode: int) -> Evaluation:
    """The last three arguments change with the file and make the cache read it again."""
    values = read_json(path)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(f"{path} has format {version}; this lab reads formats up to {FORMAT}: update the lab")
    try:
        return parse(Evaluation, values, FILE)
    except ConfigError as error:
        raise CheckpointError(f"{error}. The file is damaged; measure '{path.parent.name}' in full again") from error


def is_current(evaluation: Evaluation, folder: Path | str) -> bool:
    """Whether ``evaluation`` was measured on the weights that the run in ``folder`` has now."""
    try:
        return evaluation.weights == weights_id(folder)
    except CheckpointError:
        return False


def write(folder: Path | str, evaluation: Evaluation) -> None:
    """Write ``evaluation`` to the run's folder.

    Raises:
        RunError: the file cannot be written.
    """
    write_whole(Path(folder) / FILE, evaluation.model_dump_json(indent=1))


def as_findings(measurement: Measurement, weights: str, step: int) -> Evaluation:
    """Convert a full ``measurement`` of these ``weights`` (see :func:`weights_id`) to the form that is stored."""
    values = {
        "weights": weights,
        "step": step,
        "train": measurement.train,
        "test": measurement.test,
        "scores": measurement.scores,
        "intervals": {name: interval._asdict() for name, interval in (measurement.intervals or {}).items()},
        "spectrum": measurement.spectrum,
        "layers": [_as_layer(name, metrics) for name, metrics in measurement.layers.items()],
    }
    return parse(Evaluation, values, FILE)


def _as_layer(name: str, metrics: Mapping[str, float]) -> dict[str, Any]:
    """One layer's metrics; values that are not finite become None, because JSON cannot represent them."""
    finite = {metric: value if math.isfinite(value) else None for metric, value in metrics.items()}
    return {**finite, "name": name, "width": int(metrics["width"])}
