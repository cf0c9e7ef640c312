"""The images of a run to choose from: those of its map, with exact pixels where they are made on this machine."""

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

MOST = 1000


@dataclass(frozen=True)
class Gallery:
    """``images`` uint8 (N, C, H, W), ``labels`` int (N,), class ``names`` by label.

    ``cloud`` int (N,) is the datum of which an image is one of many views, −1 for held-out images themselves.
    ``exact`` is False where the pixels went through the map's lossy compression. ``factors`` (N,) by name are NaN where
    they are not known of an image.
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
        """The class of image ``k`` in words; empty where it has none."""
        label = int(self.labels[k])
        return self.names[label] if 0 <= label < len(self.names) else ""

    def views(self) -> np.ndarray | None:
        """Places (V, N) of N data in V views each; None where there are not two of both."""
        data = [np.flatnonzero(self.cloud == k) for k in np.unique(self.cloud[self.cloud >= 0])]
        count = min((len(places) for places in data), default=0)
        return np.stack([places[:count] for places in data], 1) if count >= 2 and len(data) >= 2 else None


def open_gallery(folder: Path, record: RunRecord) -> Gallery:
    """The images of the run in ``folder``.

    Raises:
        CheckpointError: it has no map, or a damaged one, and its data set is not made on this machine.
    """
    about = catalog.find(record.dataset.name)
    local = _local_images(record) if about and about.made_here else None
    names = record.dataset.classes
    try:
        shown = latent_map.open_map(folder)
        table, images = latent_map.read_points(shown), latent_map.read_images(shown)
    except CheckpointError:
        if local is None:
            raise
        images, labels = (part[:MOST] for part in local)
        return Gallery(images, labels, names, np.full(len(images), -1), True)
    images = np.moveaxis(images, -1, 1) if record.dataset.shape[0] == 3 else images.mean(-1)[:, None].round()
    images = np.ascontiguousarray(images, dtype=np.uint8)
    cloud, labels = table["instance"].to_numpy(int), table["label"].to_numpy(int)
    plain = np.flatnonzero(cloud < 0)
    exact = local is not None and len(plain) <= len(local[0]) and (local[1][: len(plain)] == labels[plain]).all()
    if exact:
        images[plain] = local[0][: len(plain)]
    factors = {name: table[name].to_numpy(np.float32, copy=True) for name in latent_map.factor_names(table)}
    return Gallery(images, labels, names, cloud, bool(exact), factors)


def _local_images(record: RunRecord) -> tuple[np.ndarray, np.ndarray] | None:
    """Held-out images and labels in the map's order."""
    try:
        test = catalog.load(record.config.data.model_copy(update={"train": 64})).test
    except DataError:
        return None
    places = fixed_places(len(test), len(test))
    images = test.images[places].numpy()
    if record.config.views.binarise:
        images = np.where(images >= 128, 255, 0).astype(np.uint8)
    return images, test.labels[places].numpy()
