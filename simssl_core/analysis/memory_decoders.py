"""A run's memory decoder: learnt once on its frozen encoder, kept beside its weights, bound to them by their hash.

``<run>/memory.safetensors`` holds the decoder in half precision (at most a megabyte for small images) and says in its
head which weights it was learnt on. After further training it no longer fits them, counts as outdated and is learnt
again. Looking at what there is needs no torch.
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
    from simssl_core.latent.memory_decoder import LearningProgress, MemoryDecoder

FILE = "memory.safetensors"
FORMAT = 1
LARGE = 16  # images at least so wide are drawn by convolutions
State = Literal["ready", "outdated", "missing", "damaged"]


@dataclass(frozen=True)
class MemoryInfo:
    """What the file says of itself: the weights it was learnt on, their step, how long it took, its loss per pixel."""

    weights: str
    step: int
    seconds: float
    loss: float


def memory_info(folder: Path | str) -> MemoryInfo | None:
    """What is known of the run's memory decoder; None where there is none. Does not import torch.

    Raises:
        CheckpointError: the file is damaged or not of this lab.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return None
    read_table(path)
    with path.open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    try:
        said = json.loads(head["__metadata__"]["memory"])
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}")
        return MemoryInfo(str(said["weights"]), int(said["step"]), float(said["seconds"]), float(said["loss"]))
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is no memory decoder of this lab ({error!r}); let it be learnt again") from error


def memory_status(folder: Path | str) -> State:
    """Whether the run has a memory decoder that fits its present weights. Raises nothing, imports no torch."""
    try:
        found = memory_info(folder)
        if found is None:
            return "missing"
        return "ready" if found.weights == weights_id(folder) else "outdated"
    except (CheckpointError, OSError):
        return "damaged"


def model_for(shape: tuple[int, int, int]) -> ModelConfig:
    """The decoder for images (C, H, W): the same for every run on them, so that only the representations differ."""
    small_or_grey = shape[0] == 1 or min(shape[1:]) < LARGE
    return ModelConfig(encoder="mlp", hidden=(256, 256)) if small_or_grey else ModelConfig(channels=16)


def build(record: RunRecord) -> MemoryDecoder:
    """An untaught memory decoder for the run of ``record``."""
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
    """Learn the run's memory decoder and keep it; yields the progress. Takes 40 s by default, whatever the machine.

    Raises:
        CheckpointError: the run is damaged, or was trained on meanwhile.
        DataError: its data are not here, or its encoder has diverged.
        RunError: the file cannot be written.
    """
    import time

    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.latent import memory_decoder

    folder, started = Path(folder), time.perf_counter()
    seconds = seconds or memory_decoder.SECONDS
    weights = weights_id(folder)
    run = open_trained_run(folder, device, data)
    decoder, last = build(run.record), None
    for last in memory_decoder.learn(decoder, run.objective.encode, run.dataset, run.views, seconds, steps):
        if last.share < 1:
            yield last
    if weights_id(folder) != weights:
        raise CheckpointError(f"'{folder.name}' went on training meanwhile; learn its memory decoder once it rests")
    taken = round(time.perf_counter() - started, 1)
    _write(folder, decoder, MemoryInfo(weights, run.record.step, taken, last.loss))
    yield last


def open_memory(folder: Path | str, record: RunRecord | None = None) -> MemoryDecoder:
    """The run's memory decoder, ready to draw on the CPU.

    Raises:
        CheckpointError: there is none, it is damaged, or it belongs to other weights than the run now has.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from simssl_core.storage.run_record import read_run

    folder = Path(folder)
    found = memory_info(folder)
    if found is None:
        raise CheckpointError(f"'{folder.name}' has no memory decoder yet")
    if found.weights != weights_id(folder):
        raise CheckpointError(f"the memory decoder of '{folder.name}' belongs to earlier weights; learn it again")
    decoder = build(record or read_run(folder))
    try:
        tensors = load_file(folder / FILE)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{folder / FILE} cannot be read ({error}); learn it again") from error
    if any(value.is_floating_point() and not bool(value.isfinite().all()) for value in tensors.values()):
        raise CheckpointError(f"{folder / FILE} has weights that are no finite numbers; learn it again")
    return decoder.restore(tensors).eval().requires_grad_(False)


def _write(folder: Path, decoder: MemoryDecoder, said: MemoryInfo) -> None:
    from safetensors.torch import save_file

    tensors = {name: _compact(name, value) for name, value in decoder.state_dict().items()}
    loss = said.loss if math.isfinite(said.loss) else -1.0
    text = json.dumps({"format": FORMAT, **said.__dict__, "loss": loss})
    try:
        write_atomic(folder / FILE, lambda path: save_file(tensors, os.fspath(path), {"memory": text}))
    except OSError as error:
        raise RunError(f"Cannot write {folder / FILE}: {error.strerror or error}. Free some space.") from error


def _compact(name: str, value):
    """Matrices and kernels in half precision, which a picture does not show; scales and statistics as they are."""
    value = value.detach().cpu().contiguous()
    return value.half() if value.ndim > 1 and float(value.abs().max()) < 6e4 else value.clone()
