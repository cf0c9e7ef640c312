"""The images of a run that a person can choose from: those of its map, with exact pixels if they are made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simssl_core.analysis import latent_map
from simssl_core.data import catalog
from simssl_core.data.probe_set import fixed_places
from simssl_core.errors import CheckpointError, DataError
from simssl_core.storage.run_record import RunRecord

MAX_IMAGES = 1000  # taken from local data if the run has no map


@dataclass(frozen=True)
class Gallery:
    """``images`` uint8 (N, C, H, W), ``labels`` int (N,), class ``names`` by label.

    ``cloud`` int (N,): for a view in an instance cloud the number of its datum, −1 for a held-out image itself.
    ``exact`` is False if the pixels come from the map's lossy compression. ``factors`` (N,) by name are NaN for images
    whose value is unknown.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    cloud: np.ndarray
    exact: bool
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def name(self, k: int) -> str:
        """The name of the class of image ``k``; empty if it has none."""
        label = int(self.labels[k])
        return self.names[label] if 0 <= label < len(self.names) else ""

    def views(self) -> np.ndarray | None:
        """Positions (V, N) of V views of each of N data; None with fewer than two views or data."""
        clouds = [np.flatnonzero(self.cloud == k) for k in np.unique(self.cloud[self.cloud >= 0])]
        count = min((len(places) for places in clouds), default=0)
        if count < 2 or len(clouds) < 2:
            return None
        return np.stack([places[:count] for places in clouds], 1)


def open_gallery(folder: Path, record: RunRecord) -> Gallery:
    """The images of the run in ``folder``.

    Raises:
        CheckpointError: its map is missing or damaged, and its data set is not made on this machine.
    """
    description = catalog.find(record.dataset.name)
    local = _local_images(record) if description and description.made_here else None
    names = record.dataset.classes
    try:
        run_map = latent_map.open_map(folder)
        table, images = latent_map.read_points(run_map), latent_map.read_images(run_map)
    except CheckpointError:
        if local is None:
            raise
        images, labels = (array[:MAX_IMAGES] for array in local)
        return Gallery(images, labels, names, np.full(len(images), -1), True)
    in_colour = record.dataset.shape[0] == 3
    images = np.moveaxis(images, -1, 1) if in_colour else images.mean(-1)[:, None].round()
    images = np.ascontiguousarray(images, dtype=np.uint8)
    cloud, labels = table["instance"].to_numpy(int), table["label"].to_numpy(int)
    held_out = np.flatnonzero(cloud < 0)
    exact = False
    if local is not None:
        local_images, local_labels = (array[: len(held_out)] for array in local)
        exact = len(local_images) == len(held_out) and bool((local_labels == labels[held_out]).all())
        if exact:
            images[held_out] = local_images
    factors = {name: table[name].to_numpy(np.float32, copy=True) for name in latent_map.factor_names(table)}
    return Gallery(images, labels, names, cloud, exact, factors)


def _local_images(record: RunRecord) -> tuple[np.ndarray, np.ndarray] | None:
    """Held-out images and labels in the map's order; None if the data cannot be loaded."""
    try:
        test = catalog.load(record.config.data.model_copy(update={"train": 64})).test
    except DataError:
        return None
    places = fixed_places(len(test), len(test))
    images = test.images[places].numpy()
    if record.config.views.binarise:
        images = np.where(images >= 128, 255, 0).astype(np.uint8)
    return images, test.labels[places].numpy()
