"""Load a trained run together with its data, to measure its frozen encoder or learn something on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core.config import DataConfig, parse

if TYPE_CHECKING:
    from simssl_core.data.catalog import Dataset
    from simssl_core.data.view_maker import ViewMaker
    from simssl_core.objectives.base import Objective
    from simssl_core.storage.run_record import RunRecord


@dataclass(frozen=True)
class TrainedRun:
    """The objective in evaluation mode, the run's record, its data set and its view maker, all on one device."""

    objective: Objective
    record: RunRecord
    dataset: Dataset
    view_maker: ViewMaker


def open_trained_run(
    folder: Path, device: str = "auto", data: Mapping[str, Any] | None = None, images: int = 0, threads: int = 0
) -> TrainedRun:
    """Load a run and its data.

    ``data`` overrides fields of the run's data configuration, such as the path. ``images``: load at least this many
    images of each split, if the data set has them.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are missing or have another shape.
    """
    from simssl_core.data import catalog
    from simssl_core.data.view_maker import make_views
    from simssl_core.errors import DataError
    from simssl_core.runtime.devices import configure_threads, pick
    from simssl_core.storage.checkpoints import read_objective

    device = pick(device)
    configure_threads(threads)
    objective, record = read_objective(folder, device)
    fields = record.config.data.model_dump() | dict(data or {})
    limits = {split: max(fields[split], images) for split in ("train", "test")}
    config = parse(DataConfig, fields | limits, "data")
    dataset = catalog.load(config, device)
    if tuple(dataset.shape) != tuple(record.context["shape"]):
        raise DataError(
            f"'{record.run}' was trained on images {tuple(record.context['shape'])}, but '{config.name}' now has "
            f"{tuple(dataset.shape)}; choose the data it was trained on."
        )
    return TrainedRun(objective, record, dataset, make_views(dataset, record.config.views))
