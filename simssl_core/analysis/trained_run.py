"""A trained run together with its data, opened again to learn or measure something on its frozen encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core.config import DataConfig, parse

if TYPE_CHECKING:
    from simssl_core.objectives.base import Objective
    from simssl_core.storage.run_record import RunRecord


@dataclass(frozen=True)
class TrainedRun:
    """The objective in evaluation mode, its record, its data and the maker of its views, all on one device."""

    objective: Objective
    record: RunRecord
    dataset: Any
    views: Any


def open_trained_run(
    folder: Path, device: str = "auto", data: Mapping[str, Any] | None = None, images: int = 0, threads: int = 0
) -> TrainedRun:
    """Load a run and its data. ``data`` overrides where they lie; ``images``: at least so many of each split, if there.

    Raises:
        CheckpointError: the run is damaged.
        DataError: its data are not here, or of another shape.
    """
    from simssl_core.data import catalog
    from simssl_core.data.view_maker import make_views
    from simssl_core.errors import DataError
    from simssl_core.runtime.devices import configure_threads, pick
    from simssl_core.storage.checkpoints import read_objective

    device = pick(device)
    configure_threads(threads)
    objective, record = read_objective(folder, device)
    known = record.config.data.model_dump() | dict(data or {})
    limits = {split: max(known[split], images) for split in ("train", "test")}
    config = parse(DataConfig, known | limits, "data")
    dataset = catalog.load(config, device)
    if tuple(dataset.shape) != tuple(record.context["shape"]):
        raise DataError(
            f"'{record.run}' was trained on images {tuple(record.context['shape'])}, but '{config.name}' now has "
            f"{tuple(dataset.shape)}; give the data it was trained on."
        )
    return TrainedRun(objective, record, dataset, make_views(dataset, record.config.views))
