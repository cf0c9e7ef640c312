"""What the members of a race remember of an image, as of their last checkpoint: a glimpse while they train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simssl_core.analysis.gallery import Gallery, open_gallery
from simssl_core.analysis.memory_decoders import open_memory
from simssl_core.encoder import load
from simssl_core.storage.run_record import read_run

COUNT = 12


def originals(folder: Path, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """``count`` held-out images of the run in ``folder``, uint8 (N, C, H, W), and their places in its gallery (N,).

    Raises:
        CheckpointError: it has no record or no images yet.
    """
    gallery = open_gallery(folder, read_run(folder))
    places = np.flatnonzero(gallery.cloud < 0)[:count]
    return gallery.images[places], places


def reconstruct(folder: Path, images: np.ndarray) -> np.ndarray | None:
    """``images`` (N, C, H, W) encoded and decoded again by the run in ``folder``, uint8 of the same shape.

    None where it has no decoder.

    Raises:
        CheckpointError: it has no checkpoint yet, or a damaged one.
    """
    encoder = load(folder)
    if not encoder.objective.has_decoder:
        return None
    drawn = np.nan_to_num(np.asarray(encoder.decode(encoder(images)), np.float32))
    return (drawn.clip(0, 1) * 255).round().astype(np.uint8)


def reconstruction_rows(folders: Sequence[Path], count: int = COUNT) -> list[tuple[str, np.ndarray]]:
    """(name, images) for a picture: the originals as "image", then a row for every member that can draw.

    Raises:
        CheckpointError: no member has a checkpoint and images yet.
    """
    images, _ = originals(folders[0], count)
    drawn = [(folder.name, reconstruct(folder, images)) for folder in folders]
    return [("image", images), *((name, pictures) for name, pictures in drawn if pictures is not None)]


def chosen_images(folder: Path, count: int, seed: int = 0) -> np.ndarray:
    """``count`` held-out images uint8 (N, C, H, W) of the run's data, of as many classes as possible; ``seed`` draws.

    Raises:
        CheckpointError: the run has neither a map nor data that are made here.
    """
    gallery = open_gallery(folder, read_run(folder))
    return gallery.images[_varied(gallery, count, seed)]


def memory_pictures(folder: Path, images: np.ndarray) -> np.ndarray:
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
