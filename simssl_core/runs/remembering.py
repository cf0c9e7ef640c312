"""What do several runs still remember of the same images? Their memory decoders' pictures, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simssl_core.runs.gallery import Gallery, open_gallery
from simssl_core.runs.memory import open_memory
from simssl_core.training.checkpoints import load
from simssl_core.training.records import read_run


def chosen_images(folder: Path, count: int, seed: int = 0) -> np.ndarray:
    """``count`` held-out images uint8 (N, C, H, W) of the run's data, of as many classes as possible; ``seed`` draws.

    Raises:
        CheckpointError: the run has neither a map nor data that are made here.
    """
    gallery = open_gallery(folder, read_run(folder))
    return gallery.images[_varied(gallery, count, seed)]


def remembered(folder: Path, images: np.ndarray) -> np.ndarray:
    """What the run in ``folder`` still holds of ``images`` uint8 (N, C, H, W), drawn by its memory decoder: the same.

    Raises:
        CheckpointError: run or memory decoder are missing, damaged, or do not fit each other.
        ShapeError: the images are not of the run's shape.
    """
    import torch

    encoder = load(folder)
    memory = open_memory(folder, encoder.record)
    pictures = memory.pictures(torch.as_tensor(encoder(images)))
    return pictures.nan_to_num().mul(255).round().to(torch.uint8).numpy()


def squared_error(images: np.ndarray, pictures: np.ndarray) -> float:
    """Mean squared error per pixel, of values in [0, 1]."""
    return float(np.square((images.astype(np.float32) - pictures) / 255).mean())


def _varied(gallery: Gallery, count: int, seed: int) -> Sequence[int]:
    """Places of held-out images in a fixed order in which the classes take turns."""
    places = np.random.default_rng(seed).permutation(np.flatnonzero(gallery.cloud < 0))
    turn = np.zeros(len(places), int)
    for label in np.unique(gallery.labels[places]):
        of_class = gallery.labels[places] == label
        turn[of_class] = np.arange(of_class.sum())
    return places[np.argsort(turn, kind="stable")][:count]
