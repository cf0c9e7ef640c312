"""A run's memory decoder: learnt once on the frozen encoder and stored beside the weights, with their hash.

``<run>/memory.safetensors`` holds the decoder in half precision (at most a megabyte for small images). Its header names
the weights on which the decoder was learnt; after further training the decoder is outdated and must be learnt again.
:func:`memory_info` and :func:`memory_status` do not import torch.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simssl_core.config import ModelConfig
from simssl_core.errors import CheckpointError, RunError
from simssl_core.storage.files import read_table, write_atomic
from simssl_core.storage.run_record import RunRecord, weights_id

if TYPE_CHECKING:
    from torch import Tensor

    from simssl_core.latent.memory_decoder import LearningProgress, MemoryDecoder

FILE = "memory.safetensors"
FORMAT = 1
MIN_SIDE_FOR_CONVOLUTIONS = 16  # pixels; smaller images are drawn by an MLP
State = Literal["ready", "outdated", "missing", "damaged"]


@dataclass(frozen=True)
class MemoryInfo:
    """The header of the file: id and step of the run's weights, seconds of learning, and the final loss per pixel."""

    weights: str
    step: int
    seconds: float
    loss: float


def memory_info(folder: Path | str) -> MemoryInfo | None:
    """The header of the run's memory decoder; None if there is no decoder. Does not import torch.

    Raises:
        CheckpointError: the file is damaged or was not written by this lab.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return None
    read_table(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    try:
        fields = json.loads(header["__metadata__"]["memory"])
        if fields["format"] != FORMAT:
            raise ValueError(f"format {fields['format']}")
        return MemoryInfo(str(fields["weights"]), int(fields["step"]), float(fields["seconds"]), float(fields["loss"]))
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is not a memory decoder of this lab ({error!r}); learn it again") from error


def memory_status(folder: Path | str) -> State:
    """Whether the run has a memory decoder that fits its current weights. Raises nothing and does not import torch."""
    try:
        info = memory_info(folder)
        if info is None:
            return "missing"
        return "ready" if info.weights == weights_id(folder) else "outdated"
    except (CheckpointError, OSError):
        return "damaged"


def model_for(shape: tuple[int, int, int]) -> ModelConfig:
    """The decoder's architecture for images (C, H, W): the same for every run, so that only representations differ."""
    small_or_grey = shape[0] == 1 or min(shape[1:]) < MIN_SIDE_FOR_CONVOLUTIONS
    return ModelConfig(encoder="mlp", hidden=(256, 256)) if small_or_grey else ModelConfig(channels=16)


def build(record: RunRecord) -> MemoryDecoder:
    """A new memory decoder, not yet trained, for the run of ``record``."""
    from simssl_core.latent.memory_decoder import MemoryDecoder

    shape, width = tuple(record.context["shape"]), record.context["model"]["width"]
    return MemoryDecoder(model_for(shape), shape, width, record.context["likelihood"])


def learn(
    folder: Path | str,
    seconds: float | None = None,
    steps: int | None = None,
    device: str = "auto",
    data: Mapping[str, Any] | None = None,
) -> Iterator[LearningProgress]:
    """Learn the run's memory decoder and store it; yields the progress. By default this takes 40 s on any machine.

    Raises:
        CheckpointError: the run is damaged, or was trained further in the meantime.
        DataError: its data are missing, or its encoder has diverged.
        RunError: the file cannot be written.
    """
    import time

    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.latent import memory_decoder

    folder = Path(folder)
    started = time.perf_counter()
    seconds = seconds or memory_decoder.SECONDS
    weights = weights_id(folder)
    run = open_trained_run(folder, device, data)
    decoder, last = build(run.record), None
    for last in memory_decoder.learn(decoder, run.objective.encode, run.dataset, run.view_maker, seconds, steps):
        if last.share < 1:
            yield last
    if weights_id(folder) != weights:
        raise CheckpointError(
            f"'{folder.name}' was trained further in the meantime; learn its memory decoder after its training"
        )
    duration = round(time.perf_counter() - started, 1)
    _write(folder, decoder, MemoryInfo(weights, run.record.step, duration, last.loss))
    yield last


def open_memory(folder: Path | str, record: RunRecord | None = None) -> MemoryDecoder:
    """The run's memory decoder, ready to draw on the CPU.

    Raises:
        CheckpointError: there is no decoder, it is damaged, or it belongs to earlier weights of the run.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from simssl_core.storage.run_record import read_run

    folder = Path(folder)
    info = memory_info(folder)
    if info is None:
        raise CheckpointError(f"'{folder.name}' has no memory decoder yet")
    if info.weights != weights_id(folder):
        raise CheckpointError(f"the memory decoder of '{folder.name}' belongs to earlier weights; learn it again")
    decoder = build(record or read_run(folder))
    try:
        tensors = load_file(folder / FILE)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{folder / FILE} cannot be read ({error}); learn it again") from error
    if any(value.is_floating_point() and not bool(value.isfinite().all()) for value in tensors.values()):
        raise CheckpointError(f"{folder / FILE} has weights that are not finite numbers; learn it again")
    return decoder.restore(tensors).eval().requires_grad_(False)


def _write(folder: Path, decoder: MemoryDecoder, info: MemoryInfo) -> None:
    from safetensors.torch import save_file

    tensors = {name: _compact(value) for name, value in decoder.state_dict().items()}
    loss = info.loss if math.isfinite(info.loss) else -1.0
    header = json.dumps({"format": FORMAT, **info.__dict__, "loss": loss})
    try:
        write_atomic(folder / FILE, lambda path: save_file(tensors, os.fspath(path), {"memory": header}))
    except OSError as error:
        raise RunError(f"Cannot write {folder / FILE}: {error.strerror or error}. Free some space.") from error


def _compact(value: Tensor) -> Tensor:
    """Matrices and kernels in half precision, which does not change a picture visibly; vectors and scalars as given."""
    value = value.detach().cpu().contiguous()
    return value.half() if value.ndim > 1 and float(value.abs().max()) < 6e4 else value.clone()
