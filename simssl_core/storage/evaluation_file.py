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
    """A value, its standard error over held-out data, and a 95 % interval."""

    value: float
    error: float = Field(ge=0)
    low: float
    high: float


class Layer(Finite):
    """One layer of the profile, from the backbone outwards, with the metrics that are asked of layers, by flat name.

    A number that has no answer is None.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None] = Field(init=False)

    name: str
    width: int = Field(ge=1)

    def value(self, metric: str) -> float | None:
        """The number of that flat name; None where it has no answer or was not asked for."""
        return (self.__pydantic_extra__ or {}).get(metric)


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


class Evaluation(Finite):
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


def read(folder: Path | str) -> Evaluation | None:
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
def _read(path: Path, modified: int, size: int, inode: int) -> Evaluation:
    """Remembered until the file changes (the last three arguments)."""
    values = read_json(path)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(f"{path} has format {version}, this lab reads up to {FORMAT}: update the lab")
    try:
        return parse(Evaluation, values, FILE)
    except ConfigError as error:
        raise CheckpointError(f"{error}. The file is damaged; measure '{path.parent.name}' in full again") from error


def is_current(found: Evaluation, folder: Path | str) -> bool:
    """Whether it was measured on the weights that the run has now."""
    try:
        return found.weights == weights_id(folder)
    except CheckpointError:
        return False


def write(folder: Path | str, found: Evaluation) -> None:
    """Keep ``found`` with the run.

    Raises:
        RunError: the file cannot be written.
    """
    write_whole(Path(folder) / FILE, found.model_dump_json(indent=1))


def as_findings(measurement: Measurement, weights: str, step: int) -> Evaluation:
    """A full ``measurement`` of these ``weights`` (see :func:`weights_id`) in the form in which it is stored."""
    values = {
        "weights": weights,
        "step": step,
        "train": measurement.train,
        "test": measurement.test,
        "scores": measurement.scores,
        "intervals": {name: interval._asdict() for name, interval in (measurement.intervals or {}).items()},
        "spectrum": measurement.spectrum,
        "layers": [_as_layer(name, numbers) for name, numbers in measurement.layers.items()],
    }
    return parse(Evaluation, values, FILE)


def _as_layer(name: str, numbers: Mapping[str, float]) -> dict[str, Any]:
    """One layer's numbers; those that are not finite as None, since JSON has no word for them."""
    finite = {measure: value if math.isfinite(value) else None for measure, value in numbers.items()}
    return {**finite, "name": name, "width": int(numbers["width"])}
