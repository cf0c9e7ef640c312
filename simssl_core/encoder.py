"""A trained run as a function: ``z = encoder(images)``."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simssl_core.errors import CheckpointError, ConfigError, ShapeError
from simssl_core.objectives.base import Objective
from simssl_core.runtime.devices import pick
from simssl_core.storage.checkpoints import read_objective
from simssl_core.storage.run_record import RECORD, RunRecord

BATCH = 512


class Encoder:
    """A trained objective in evaluation mode, made by ``simssl_core.load``.

    ``encoder(images)`` takes uint8 (0..255) or float (0..1) images as a torch tensor, a numpy array, a PIL image or a
    list of these, with shape (N, C, H, W) or (N, H, W, C); a single image needs no N and grey images need no C. It
    returns float32 (N, ``width``): for torch input a tensor on the input's device, otherwise a numpy array. Generative
    objectives return the posterior mean.
    """

    def __init__(self, objective: Objective, record: RunRecord) -> None:
        self.objective = objective.eval().requires_grad_(False)
        self.record = record
        self.shape: tuple[int, int, int] = tuple(record.context["shape"])
        self.width: int = record.context["model"]["width"]

    @property
    def device(self) -> torch.device:
        """The device that computes; inputs may be on any device."""
        return next((parameter.device for parameter in self.objective.parameters()), torch.device("cpu"))

    def to(self, device: str) -> Encoder:
        """Move to another device (``cuda``, ``cpu``, …) and return self.

        Raises:
            ConfigError: this machine does not have the device.
        """
        self.objective.to(pick(str(device)))
        return self

    def __call__(self, images: Any) -> Any:
        """Representations (N, D) of images; see the class.

        Raises:
            ShapeError: the shape is not this encoder's, or the values are neither 0..255 nor [0, 1].
        """
        given, is_torch = as_tensor(images, self.shape)
        return self._like(self._batched(self._encode, batch(given, self.shape)), given, is_torch, self.width)

    def decode(self, z: Any) -> Any:
        """Decode representations (N, D) or (D,) to float32 images (N, C, H, W) in [0, 1], torch or numpy like ``z``.

        Raises:
            ConfigError: the objective has no decoder.
            ShapeError: ``z`` is not (N, D).
        """
        if not self.objective.has_decoder:
            raise ConfigError(f"'{self.record.objective}' has no decoder: it discards what an image would need")
        is_torch = isinstance(z, torch.Tensor)
        given = z if is_torch else torch.as_tensor(z)
        if given.ndim not in (1, 2) or given.shape[-1] != self.width:
            raise ShapeError(f"representations have shape {tuple(given.shape)}; this run's are (N, {self.width})")
        flat = given.reshape(-1, self.width).float()
        return self._like(self._batched(self.objective.decode, flat), given, is_torch, *self.shape)

    def _encode(self, images: torch.Tensor) -> torch.Tensor:
        images = unit(images)
        if self.record.config.views.binarise:  # the objective was trained on black and white pixels only
            images = images.round()
        return self.objective.encode(images)

    def _batched(self, function: Any, inputs: torch.Tensor) -> list[torch.Tensor]:
        with torch.no_grad():
            return [function(part.to(self.device)) for part in inputs.split(BATCH) if len(part)]

    def _like(self, parts: list[torch.Tensor], given: torch.Tensor, is_torch: bool, *shape: int) -> Any:
        joined = torch.cat(parts).float() if parts else torch.zeros((0, *shape))
        return joined.to(given.device) if is_torch else joined.cpu().numpy()

    def __repr__(self) -> str:
        run, name, data = self.record.run, self.record.objective, self.record.dataset.name
        return f"Encoder({run}: {name} on {data}, {list(self.shape)} -> {self.width}, {self.device})"


TOLERANCE = 1e-3  # resizing and rounding may leave [0, 1] by this much


def as_tensor(images: Any, shape: tuple[int, int, int]) -> tuple[torch.Tensor, bool]:
    """``images`` as a tensor with the same scale and order of axes, and whether they were given as torch tensors.

    Takes a torch tensor, a numpy array, a PIL image, or a list of these with equal shapes; ``shape`` is (C, H, W).

    Raises:
        ShapeError: the images are not numbers, or those in a list have different shapes.
    """
    if isinstance(images, torch.Tensor):
        return images, True
    if isinstance(images, (list, tuple)):
        if not images:
            return torch.zeros((0, *shape)), False
        pairs = [as_tensor(image, shape) for image in images]
        shapes = {tuple(tensor.shape) for tensor, _ in pairs}
        if len(shapes) > 1:
            raise ShapeError(f"the images in the list are of different shapes: {sorted(shapes)[:4]}; make them {shape}")
        stacked = torch.stack([tensor for tensor, _ in pairs])
        if stacked.ndim == 5 and stacked.shape[1] == 1:  # a list of (1, C, H, W)
            stacked = stacked.flatten(0, 1)
        return stacked, any(is_torch for _, is_torch in pairs)
    if hasattr(images, "convert"):  # a PIL image, without importing PIL
        images = np.asarray(images.convert("L" if shape[0] == 1 else "RGB"))
    array = np.asarray(images)  # a single number becomes an array without axes
    if array.dtype == object or array.dtype.kind not in "buif":
        raise ShapeError(
            f"images must be numbers, a PIL image or a list of these (given: {type(images).__name__} of {array.dtype})"
        )
    if array.dtype.kind in "ui" and array.dtype != np.uint8:
        array = array.astype(np.int64)  # torch lacks operations for wide unsigned integers
    return torch.from_numpy(np.require(array, requirements=["C", "W"])), False  # torch needs writable memory


def batch(images: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """Reshape (N,C,H,W), (N,H,W,C), (C,H,W), (H,W,C), and for one channel (N,H,W) or (H,W), to (N, C, H, W).

    An image whose shape can be read both ways is taken as (C, H, W).

    Raises:
        ShapeError: none of these fits ``shape`` (C, H, W).
    """
    channels, height, width = shape
    given = tuple(images.shape)
    if given[-3:] == shape and len(given) in (3, 4):
        return images.reshape(-1, *shape)
    if given[-3:] == (height, width, channels) and len(given) in (3, 4):
        return images.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
    if channels == 1 and given[-2:] == (height, width) and len(given) in (2, 3):
        return images.reshape(-1, 1, height, width)
    raise ShapeError(f"images have shape {given}; {_accepted_shapes(shape, given)}")


def _accepted_shapes(shape: tuple[int, int, int], given: tuple[int, ...]) -> str:
    channels, height, width = shape
    text = f"this encoder reads (N, {channels}, {height}, {width}), or (N, {height}, {width}, {channels})"
    if channels == 1:
        return f"{text}, or (N, {height}, {width}) without the channel; resize or convert them"
    if given[-2:] == (height, width):
        return f"{text}; for grey images repeat the channel {channels} times"
    return f"{text}; resize or convert them"


def unit(images: torch.Tensor) -> torch.Tensor:
    """Convert integers 0..255, booleans or floats in [0, 1] to float32 in [0, 1].

    Raises:
        ShapeError: values are outside the range or not real numbers.
    """
    if images.dtype == torch.bool:
        return images.float()
    if not images.is_floating_point():
        if images.is_complex():
            raise ShapeError("images must be real numbers (given: complex)")
        if images.dtype != torch.uint8 and images.numel() and not 0 <= int(images.min()) <= int(images.max()) <= 255:
            raise ShapeError(
                f"whole-numbered pixels must be 0 to 255 (given: {int(images.min())} to {int(images.max())})"
            )
        return images.float().div_(255)
    images = images.float()
    if images.numel():
        low, high = (float(x) for x in torch.aminmax(images))
        if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):  # NaN fails both
            raise ShapeError(
                f"float pixels must be in [0, 1] (given: {low:.4g} to {high:.4g}); divide 0..255 by 255 or pass uint8, "
                "and undo any standardisation"
            )
    return images.clamp(0, 1)


def load(path: Path | str, label: str | None = None, device: str = "cpu") -> Encoder:
    """Open a trained run: ``load("checkpoints/demo-sprites-simvae")``, or by race and label
    ``load("checkpoints/demo-sprites", "simvae")``. See :class:`~simssl_core.encoder.Encoder`.

    Raises:
        CheckpointError: there is no such run (similar names are listed), or it is damaged.
        ConfigError: the device is not on this machine.
    """
    device = pick(device)
    objective, record = read_objective(_run_folder(Path(path), label), device)
    return Encoder(objective, record)


def _run_folder(path: Path, label: str | None) -> Path:
    """The folder of the run; raises CheckpointError with similar names if there is none."""
    if label is not None and not path.exists():
        path = path.with_name(f"{path.name}-{label}")
    if path.exists():
        return path
    folder = path.parent
    runs = sorted(p.name for p in folder.iterdir() if (p / RECORD).is_file()) if folder.is_dir() else []
    members = [name for name in runs if name.startswith(f"{path.name}-")]
    similar = members or difflib.get_close_matches(path.name, runs, n=5, cutoff=0.5) or runs[:5]
    hint = f"did you mean {', '.join(similar)}?" if similar else f"there are no runs in {folder}"
    raise CheckpointError(f"there is no run {path}; {hint}")
