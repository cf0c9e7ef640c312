"""Runs on the disk: JSON and safetensors only, written whole or not at all, checked before they are believed.

Importing this does not import torch; only the functions that handle tensors do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.files import read_table, write_atomic, write_whole
from simssl_core.storage.run_record import RECORD, WEIGHTS, DatasetRecord, RunRecord, read_run

if TYPE_CHECKING:
    import torch

    from simssl_core.objectives.base import Objective


__all__ = [
    "DatasetRecord", "RunRecord", "check_shapes", "common_step", "read_objective", "read_run", "read_state", "rewind",
    "state_steps", "write_record", "write_run", "write_state",
]  # fmt: skip
STATE = re.compile(r"state-(\d{8})\.safetensors")
KEPT = 2


def write_record(folder: Path | str, record: RunRecord) -> None:
    """Write (only) the run's record, atomically."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RECORD, record.model_dump_json(indent=1))


def write_run(folder: Path | str, record: RunRecord, objective: Objective) -> None:
    """Write a run's weights, then its record: a folder without a record is not a run yet, so none is half there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(folder / WEIGHTS, objective.state_dict())
    write_record(folder, record)


def write_state(folder: Path | str, step: int, state: dict[str, torch.Tensor]) -> None:
    """Write the state of a run at ``step``, and only then remove all but the two newest."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(_state_path(folder, step), state)
    for old in state_steps(folder)[:-KEPT]:
        _state_path(folder, old).unlink(missing_ok=True)


def read_state(folder: Path | str, step: int) -> dict[str, torch.Tensor]:
    """The tensors of a run's state at ``step``. Raises CheckpointError if the file is missing or damaged."""
    return _read_tensors(_state_path(Path(folder), step))


def state_steps(folder: Path | str) -> list[int]:
    """The steps, ascending, that a run has a state of."""
    found = (STATE.fullmatch(path.name) for path in Path(folder).glob("state-*.safetensors"))
    return sorted(int(match[1]) for match in found if match)


def common_step(folders: Iterable[Path | str]) -> int | None:
    """The newest step of which every run has a whole state, or None: where a race can resume.

    Two states of each run are kept, so a race killed between the writes of two members still has one in common.
    """
    places = [Path(folder) for folder in folders]
    shared = [{step for step in state_steps(place) if _whole(_state_path(place, step))} for place in places]
    both = set.intersection(*shared) if shared else set()
    return max(both, default=None)


def rewind(folders: Iterable[Path | str]) -> int | None:
    """Make :func:`common_step` the newest state of every run and return it; call this before resuming.

    States newer than it would otherwise count among the two newest that are kept, and a second kill could then leave
    the race without a step in common.
    """
    places = [Path(folder) for folder in folders]
    step = common_step(places)
    if step is not None:
        for place in places:
            for newer in (n for n in state_steps(place) if n > step):
                _state_path(place, newer).unlink(missing_ok=True)
    return step


def read_objective(folder: Path | str, device: str = "cpu") -> tuple[Objective, RunRecord]:
    """Rebuild a run's objective with its weights, in evaluation mode, without needing the data.

    Names and shapes are compared with an objective built without memory (torch's meta device) before anything is
    allocated, so neither a damaged record nor a boastful one can exhaust the machine.

    Raises:
        CheckpointError: for every kind of damage.
    """
    import torch

    folder = Path(folder)
    record = read_run(folder)
    table = read_table(folder / WEIGHTS)
    _compare(folder, table, record)
    objective = _build(folder, record)
    weights = _read_tensors(folder / WEIGHTS)
    broken = [
        name for name, value in weights.items() if value.is_floating_point() and not bool(torch.isfinite(value).all())
    ]
    if broken:
        raise CheckpointError(f"{folder / WEIGHTS} has weights that are no finite numbers ({broken[0]}): train it anew")
    objective.load_state_dict(weights)
    return objective.to(device).eval(), record


def _compare(folder: Path, table: dict, record: RunRecord) -> None:
    import torch

    with torch.device("meta"):
        expected = _build(folder, record).state_dict()
    given = {name: shape for name, (_, shape) in table.items()}
    check_shapes(str(folder / WEIGHTS), given, {name: tuple(value.shape) for name, value in expected.items()})


def _build(folder: Path, record: RunRecord) -> Objective:
    from simssl_core import objectives
    from simssl_core.config import parse
    from simssl_core.objectives.base import Context
    from simssl_core.runtime.randomness import Stream

    try:
        with Stream(0, "cpu"):  # initial weights are drawn only to be replaced; the caller's numbers stay untouched
            return objectives.build(record.objective, record.settings, parse(Context, record.context, "context"))
    except (ConfigError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(f"{folder / RECORD} describes an objective that cannot be built: {error}") from error


def _state_path(folder: Path, step: int) -> Path:
    return folder / f"state-{step:08d}.safetensors"


def _whole(path: Path) -> bool:
    try:
        read_table(path)
    except CheckpointError:
        return False
    return True


def _write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    # copies: safetensors refuses tensors that share memory, as tied weights do
    plain = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}
    write_atomic(path, lambda temporary: save_file(plain, temporary))


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    read_table(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); it may be damaged") from error


def check_shapes(what: str, given: Mapping[str, tuple], expected: Mapping[str, tuple]) -> None:
    """Raises CheckpointError naming the first few tensors that are missing, foreign or of another shape."""
    wrong = [f"{key} is missing" for key in expected if key not in given]
    wrong += [f"{key} is not known here" for key in given if key not in expected]
    both = [key for key in expected if key in given and given[key] != expected[key]]
    wrong += [f"{key} is {list(given[key])}, should be {list(expected[key])}" for key in both]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(f"{what} does not fit the objective: {'; '.join(wrong[:3])}{more}")
