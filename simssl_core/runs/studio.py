"""A trained run to play with: its held-out images, their representations, and pictures of any representation.

What the Traverse page shows is computed here. Images come from the run's map, so that image k is the same on both
pages; where the data set is made on this machine (sprites, digits) its own pixels replace the map's compressed ones.

Objectives with a decoder draw what a representation stands for. For the others nothing can be drawn, and the nearest
real images stand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from simssl_core.data import catalog
from simssl_core.data.selection import fixed_places
from simssl_core.errors import CheckpointError, DataError
from simssl_core.runs import atlas
from simssl_core.training.checkpoints import load

LOCAL = ("sprites", "digits")  # data sets that are made here: no files, no network
THREADS = 1  # one picture is far too little work to share out, and a training may need the other cores


@dataclass(frozen=True)
class Gallery:
    """The images to choose from: uint8 (N, C, H, W), ``labels`` int (N,), class ``names`` by label.

    ``cloud`` int (N,) is the datum of which an image is one of many views, −1 for held-out images themselves.
    ``exact`` is False where the pixels went through the map's lossy compression.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    cloud: np.ndarray
    exact: bool

    def __len__(self) -> int:
        return len(self.images)

    def name(self, k: int) -> str:
        """The class of image ``k`` in words; empty where it has none."""
        label = int(self.labels[k])
        return self.names[label] if 0 <= label < len(self.names) else ""


class Studio:
    """The run in ``folder``, loaded on the CPU.

    Raises:
        CheckpointError: the run is damaged or has neither a map nor local data to take images from.
    """

    def __init__(self, folder: str | Path):
        torch.set_num_threads(THREADS)
        self.folder = Path(folder)
        self.encoder = load(self.folder)
        self.objective, self.record = self.encoder.objective, self.encoder.record
        self.gallery = _gallery(self.folder, self.record)

    @property
    def has_decoder(self) -> bool:
        """Whether a representation can be drawn."""
        return bool(self.objective.has_decoder)

    @property
    def width(self) -> int:
        """D, the width of the representation."""
        return self.encoder.width

    @cached_property
    def latents(self) -> np.ndarray:
        """The representations of the whole gallery, float32 (N, D)."""
        return self.encoder(self.gallery.images)

    @cached_property
    def deviation(self) -> np.ndarray:
        """Standard deviation of each dimension over the held-out images, (D,): the sliders' unit."""
        return self.latents[self.held_out].std(0)

    @cached_property
    def order(self) -> np.ndarray:
        """Dimensions, the one that varies most first, int (D,)."""
        return np.argsort(-self.deviation, kind="stable")

    @cached_property
    def held_out(self) -> np.ndarray:
        """Places in the gallery of the held-out images, without the views of the instance clouds."""
        return np.flatnonzero(self.gallery.cloud < 0)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Representations (N, D) of images uint8 (N, C, H, W). Raises ShapeError for images of another shape."""
        return self.encoder(images)

    def draw(self, z: np.ndarray) -> np.ndarray:
        """Pictures uint8 (N, C, H, W) of representations (N, D).

        Without a decoder: for each the nearest real image.
        """
        z = np.asarray(z, np.float32).reshape(-1, self.width)
        if not self.has_decoder:
            return self.gallery.images[self.nearest(z, 1)[:, 0]]
        return np.round(255 * np.clip(np.nan_to_num(self.encoder.decode(z)), 0, 1)).astype(np.uint8)

    def nearest(self, z: np.ndarray, count: int) -> np.ndarray:
        """The ``count`` held-out images nearest (Euclidean) to each of z (N, D): places in the gallery, (N, count)."""
        known = self.latents[self.held_out]
        squares = (known**2).sum(1)[None] - 2 * np.asarray(z, np.float32).reshape(-1, self.width) @ known.T
        count = min(count, len(known))
        part = np.argpartition(squares, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(squares, part, 1).argsort(1, kind="stable")
        return self.held_out[np.take_along_axis(part, order, 1)]

    def moved(self, z: np.ndarray, offsets: dict[int, float]) -> np.ndarray:
        """z (D,) with each dimension k moved by ``offsets[k]`` standard deviations."""
        z = np.array(z, np.float32)
        for k, steps in offsets.items():
            z[k] += steps * self.deviation[k]
        return z

    def sweep(self, z: np.ndarray, dimensions: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """What each of K dimensions does alone: uint8 (K, S, C, H, W), z moved by each of S ``offsets``."""
        moved = np.broadcast_to(z, (len(dimensions), len(offsets), self.width)).astype(np.float32)
        for row, k in enumerate(dimensions):
            moved[row, :, k] += np.asarray(offsets, np.float32) * self.deviation[k]
        return self.draw(moved).reshape(len(dimensions), len(offsets), *self.encoder.shape)

    def between(self, a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
        """Pictures uint8 (steps, C, H, W) on the straight line from representation a to b, ends included."""
        part = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return self.draw((1 - part) * a + part * b)

    def new_views(self, z: np.ndarray, image: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations drawn around one image's z (D,), and in words from what.

        SimVAE has p(z|y) = N(y, σ²I). A VAE has no content y: its own posterior q(z|x) is all it can draw from.

        Raises:
            CheckpointError: the objective has no distribution over z to draw from.
        """
        at = torch.as_tensor(np.asarray(z, np.float32))[None]
        sigma, words = (
            self.objective.spread(at),
            "p(z|y) = N(y, σ²I), with this image’s representation as the content y",
        )
        if sigma is None:
            with torch.no_grad():
                posterior = self.objective.posterior(torch.as_tensor(image)[None].float() / 255)
            if posterior is None or not self.has_decoder:
                raise CheckpointError(f"{self.record.objective} has no distribution around an image to draw from")
            sigma, words = (
                (0.5 * posterior[1]).exp(),
                "its posterior q(z|x): this objective has no content y shared by views",
            )
        noise = np.random.default_rng(seed).standard_normal((count, self.width), np.float32)
        return self.draw(np.asarray(z, np.float32) + noise * sigma.numpy()), words

    def from_prior(self, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations drawn from the model alone, and in words what they were drawn from.

        Raises:
            CheckpointError: the objective has no decoder.
        """
        if not self.has_decoder:
            raise CheckpointError(f"{self.record.objective} has no decoder, so nothing can be drawn from nowhere")
        noise = np.random.default_rng(seed).standard_normal((count, self.width), np.float32)
        settings = self.objective.settings
        if self.objective.spread(torch.zeros(1, self.width)) is None and self.objective.posterior is not None:
            if self.objective.name != "ae":
                return self.draw(noise), "its prior N(0, I)"
        elif getattr(settings, "prior", "") == "gaussian":
            sigma = float(np.sqrt(settings.gamma2 + settings.sigma2))
            return self.draw(noise * sigma), "its prior: y ~ N(0, γ²I), then z ~ N(y, σ²I)"
        known = self.latents[self.held_out]
        root = np.linalg.cholesky(np.cov(known.T) + 1e-6 * np.eye(self.width)).astype(np.float32)
        words = (
            "a Gaussian fitted to the held-out images’ representations, because p(y) is flat and cannot be drawn from"
        )
        return self.draw(known.mean(0) + noise @ root.T), words


def _gallery(folder: Path, record) -> Gallery:
    """The images of the run's map, with exact pixels where they can be had without files or network."""
    local = _local_images(record) if record.dataset.name in LOCAL else None
    try:
        shown = atlas.open_map(folder)
        table, images = atlas.read_points(shown), atlas.read_images(shown)
    except CheckpointError:
        if local is None:
            raise
        images, labels = local
        return Gallery(images[:1000], labels[:1000], record.dataset.classes, np.full(min(1000, len(images)), -1), True)
    images = np.moveaxis(images, -1, 1) if record.dataset.shape[0] == 3 else images.mean(-1)[:, None].round()
    images = np.ascontiguousarray(images, dtype=np.uint8)
    cloud, labels = table["instance"].to_numpy(int), table["label"].to_numpy(int)
    plain = np.flatnonzero(cloud < 0)
    exact = local is not None and len(plain) <= len(local[0]) and (local[1][: len(plain)] == labels[plain]).all()
    if exact:
        images[plain] = local[0][: len(plain)]
    return Gallery(images, labels, record.dataset.classes, cloud, bool(exact))


def _local_images(record) -> tuple[np.ndarray, np.ndarray] | None:
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
