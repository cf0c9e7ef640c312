"""Reconstructions of held-out images by runs, as of their last checkpoint, during and after training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simssl_core.analysis.gallery import Gallery, open_gallery
from simssl_core.analysis.memory_decoders import open_memory
from simssl_core.encoder import load
from simssl_core.storage.run_record import read_run

COUNT = 12  # images


def originals(folder: Path, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Up to ``count`` held-out images of a run, uint8 (N, C, H, W), and their positions in its gallery (N,).

    Raises:
        CheckpointError: the run has no record or no images yet.
    """
    gallery = open_gallery(folder, read_run(folder))
    places = np.flatnonzero(gallery.cloud < 0)[:count]
    return gallery.images[places], places


def reconstruct(folder: Path, images: np.ndarray) -> np.ndarray | None:
    """Encode and decode ``images`` (N, C, H, W) with the run in ``folder``: uint8 of the same shape.

    Returns None if the run has no decoder.

    Raises:
        CheckpointError: the run's checkpoint is missing or damaged.
    """
    encoder = load(folder)
    if not encoder.objective.has_decoder:
        return None
    drawn = np.nan_to_num(np.asarray(encoder.decode(encoder(images)), np.float32))
    return (drawn.clip(0, 1) * 255).round().astype(np.uint8)


def reconstruction_rows(folders: Sequence[Path], count: int = COUNT) -> list[tuple[str, np.ndarray]]:
    """The rows (name, images) of a figure: the originals as "image", then the images of each run with a decoder.

    Raises:
        CheckpointError: the first run has no images yet, or a run has no checkpoint.
    """
    images, _ = originals(folders[0], count)
    rows = [("image", images)]
    for folder in folders:
        pictures = reconstruct(folder, images)
        if pictures is not None:
            rows.append((folder.name, pictures))
    return rows


def chosen_images(folder: Path, count: int, seed: int = 0) -> np.ndarray:
    """``count`` held-out images of the run, uint8 (N, C, H, W), from as many classes as possible, drawn by ``seed``.

    Raises:
        CheckpointError: the run has neither a map nor data that are made here.
    """
    gallery = open_gallery(folder, read_run(folder))
    return gallery.images[_balanced_places(gallery, count, seed)]


def memory_pictures(folder: Path, images: np.ndarray) -> np.ndarray:
    """Encode ``images`` uint8 (N, C, H, W) with a run and draw them with its memory decoder: uint8 of the same shape.

    Raises:
        CheckpointError: the run or its memory decoder is missing or damaged, or they do not fit each other.
        ShapeError: the images do not have the run's shape.
    """
    import torch

    encoder = load(folder)
    memory = open_memory(folder, encoder.record)
    pictures = memory.pictures(torch.as_tensor(encoder(images)))
    return pictures.nan_to_num().mul(255).round().to(torch.uint8).numpy()


def squared_error(images: np.ndarray, pictures: np.ndarray) -> float:
    """The mean squared error per pixel of uint8 images, computed on values in [0, 1]."""
    return float(np.square((images.astype(np.float32) - pictures) / 255).mean())


def _balanced_places(gallery: Gallery, count: int, seed: int) -> np.ndarray:
    """Positions of held-out images in an order, fixed by ``seed``, in which the classes take turns."""
    places = np.random.default_rng(seed).permutation(np.flatnonzero(gallery.cloud < 0))
    turn = np.zeros(len(places), int)
    for label in np.unique(gallery.labels[places]):
        of_class = gallery.labels[places] == label
        turn[of_class] = np.arange(of_class.sum())
    return places[np.argsort(turn, kind="stable")][:count]
