"""What the members of a race remember of an image, as of their last checkpoint: a glimpse while they train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simssl_core.runs.gallery import open_gallery
from simssl_core.training.checkpoints import load
from simssl_core.training.records import read_run

COUNT = 12


def originals(folder: Path, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """``count`` held-out images of the run in ``folder``, uint8 (N, C, H, W), and their places in its gallery (N,).

    Raises:
        CheckpointError: it has no record or no images yet.
    """
    gallery = open_gallery(folder, read_run(folder))
    places = np.flatnonzero(gallery.cloud < 0)[:count]
    return gallery.images[places], places


def decoded(folder: Path, images: np.ndarray) -> np.ndarray | None:
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


def rows(folders: Sequence[Path], count: int = COUNT) -> list[tuple[str, np.ndarray]]:
    """(name, images) for a picture: the originals as "image", then a row for every member that can draw.

    Raises:
        CheckpointError: no member has a checkpoint and images yet.
    """
    images, _ = originals(folders[0], count)
    drawn = [(folder.name, decoded(folder, images)) for folder in folders]
    return [("image", images), *((name, pictures) for name, pictures in drawn if pictures is not None)]
