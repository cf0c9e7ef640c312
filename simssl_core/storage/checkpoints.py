"""Reading and writing runs as JSON and safetensors files.

Every file is written whole or not at all and is checked when it is read. Importing this module does not import torch;
only the functions that handle tensors do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.files import Table, read_table, write_atomic, write_whole
from simssl_core.storage.run_record import RECORD, WEIGHTS, DatasetRecord, RunRecord, read_run

if TYPE_CHECKING:
    import torch

    from simssl_core.objectives.base import Objective


__all__ = [
    "DatasetRecord", "RunRecord", "check_shapes", "common_step", "read_objective", "read_run", "read_state", "rewind",
    "state_steps", "write_record", "write_run", "write_state",
]  # fmt: skip
STATE_NAME = re.compile(r"state-(\d{8})\.safetensors")
STATES_KEPT = 2


def write_record(folder: Path | str, record: RunRecord) -> None:
    """Write the run's record, without its weights, atomically."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RECORD, record.model_dump_json(indent=1))


def write_run(folder: Path | str, record: RunRecord, objective: Objective) -> None:
    """Write a run's weights, then its record.

    A folder without a record does not count as a run, so an interrupted first write leaves no incomplete run.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(folder / WEIGHTS, objective.state_dict())
    write_record(folder, record)


def write_state(folder: Path | str, step: int, state: dict[str, torch.Tensor]) -> None:
    """Write the state of a run at ``step``, then delete all states but the two newest."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(_state_path(folder, step), state)
    for old_step in state_steps(folder)[:-STATES_KEPT]:
        _state_path(folder, old_step).unlink(missing_ok=True)


def read_state(folder: Path | str, step: int) -> dict[str, torch.Tensor]:
    """The tensors of a run's state at ``step``. Raises CheckpointError if the file is missing or damaged."""
    return _read_tensors(_state_path(Path(folder), step))


def state_steps(folder: Path | str) -> list[int]:
    """The steps at which a run's state was saved, in ascending order."""
    matches = (STATE_NAME.fullmatch(path.name) for path in Path(folder).glob("state-*.safetensors"))
    return sorted(int(match[1]) for match in matches if match)


def common_step(folders: Iterable[Path | str]) -> int | None:
    """The step at which a race can resume: the newest for which every run has an undamaged state, or None.

    Two states of each run are kept, so a race that is killed between the writes of two members still has one in common.
    """
    steps_by_run = [
        {step for step in state_steps(folder) if _is_whole(_state_path(folder, step))}
        for folder in (Path(folder) for folder in folders)
    ]
    common_steps = set.intersection(*steps_by_run) if steps_by_run else set()
    return max(common_steps, default=None)


def rewind(folders: Iterable[Path | str]) -> int | None:
    """Delete every state newer than :func:`common_step` and return that step; call this before resuming.

    Newer states would otherwise count towards the two that are kept, and a second kill could then leave the race
    without a common step.
    """
    run_folders = [Path(folder) for folder in folders]
    step = common_step(run_folders)
    if step is not None:
        for folder in run_folders:
            for saved_step in state_steps(folder):
                if saved_step > step:
                    _state_path(folder, saved_step).unlink(missing_ok=True)
    return step


def read_objective(folder: Path | str, device: str = "cpu") -> tuple[Objective, RunRecord]:
    """Rebuild a run's objective with its weights, in evaluation mode. This does not need the data set.

    The names and shapes of the weights are first compared with those of an objective built on torch's meta device,
    which allocates no memory. A damaged or malicious record therefore cannot exhaust the machine's memory.

    Raises:
        CheckpointError: the record or the weights are missing, damaged or do not fit each other.
    """
    import torch

    folder = Path(folder)
    record = read_run(folder)
    table = read_table(folder / WEIGHTS)
    _check_table(folder, table, record)
    objective = _build(folder, record)
    weights = _read_tensors(folder / WEIGHTS)
    for name, value in weights.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{folder / WEIGHTS} has weights that are not finite ({name}); train the run again")
    objective.load_state_dict(weights)
    return objective.to(device).eval(), record


def _check_table(folder: Path, table: Table, record: RunRecord) -> None:
    """Raise CheckpointError if the weights' names or shapes are not those of the record's objective."""
    import torch

    with torch.device("meta"):
        expected = _build(folder, record).state_dict()
    shapes = {name: shape for name, (_, shape) in table.items()}
    expected_shapes = {name: tuple(value.shape) for name, value in expected.items()}
    check_shapes(str(folder / WEIGHTS), shapes, expected_shapes)


def _build(folder: Path, record: RunRecord) -> Objective:
    from simssl_core import objectives
    from simssl_core.config import parse
    from simssl_core.objectives.base import Context
    from simssl_core.runtime.randomness import Stream

    try:
        with Stream(0, "cpu"):  # keeps the initial weights, which are replaced, from using the caller's random numbers
            return objectives.build(record.objective, record.settings, parse(Context, record.context, "context"))
    except (ConfigError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(f"{folder / RECORD} describes an objective that cannot be built: {error}") from error


def _state_path(folder: Path, step: int) -> Path:
    return folder / f"state-{step:08d}.safetensors"


def _is_whole(path: Path) -> bool:
    """Whether ``path`` is a safetensors file whose size agrees with its table."""
    try:
        read_table(path)
    except CheckpointError:
        return False
    return True


def _write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    # safetensors refuses tensors that share memory, as tied weights do, so each is copied
    copies = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}
    write_atomic(path, lambda temporary: save_file(copies, temporary))


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    read_table(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); it may be damaged") from error


def check_shapes(what: str, shapes: Mapping[str, tuple], expected: Mapping[str, tuple]) -> None:
    """Compare the shapes of tensors by name with the expected ones; ``what`` names their source in the message.

    Raises:
        CheckpointError: tensors are missing, unexpected or of another shape; the first three are named.
    """
    problems = [f"{name} is missing" for name in expected if name not in shapes]
    problems += [f"{name} is not expected" for name in shapes if name not in expected]
    for name in expected:
        if name in shapes and shapes[name] != expected[name]:
            problems.append(f"{name} is {list(shapes[name])}, should be {list(expected[name])}")
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(f"{what} does not fit the objective: {'; '.join(problems[:3])}{more}")
