"""A trained run as a function: ``z = encoder(images)``."""

from __future__ import annotations

from typing import Any

import torch

from simssl_core.errors import ConfigError, ShapeError
from simssl_core.objectives.base import Objective
from simssl_core.training.devices import pick
from simssl_core.training.images import as_tensor, batch, unit
from simssl_core.training.records import RunRecord

BATCH = 512


class Encoder:
    """A trained objective in evaluation mode, made by ``simssl_core.load``.

    ``encoder(images)`` takes uint8 (0..255) or float (0..1) as a torch tensor, a numpy array, a PIL image or a list of
    these, shaped (N,C,H,W), (N,H,W,C), one image without N, or for grey ones without C. It returns (N, ``width``)
    float32: for torch a tensor on the input's device, else a numpy array; of generative objectives the posterior mean.
    """

    def __init__(self, objective: Objective, record: RunRecord):
        self.objective, self.record = objective.eval().requires_grad_(False), record
        self.shape: tuple[int, int, int] = tuple(record.context["shape"])
        self.width: int = record.context["model"]["width"]

    @property
    def device(self) -> torch.device:
        """Where the encoder computes; inputs may be anywhere."""
        return next((p.device for p in self.objective.parameters()), torch.device("cpu"))

    def to(self, device: str) -> Encoder:
        """Move to another device (``cuda``, ``cpu``, …) and return self. Raises ConfigError if it is not here."""
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
        """Images (N, C, H, W) float32 in [0, 1] of representations (N, D) or (D,), as the same kind (torch or numpy).

        Raises:
            ConfigError: the objective has no decoder.
            ShapeError: ``z`` is not (N, D).
        """
        if not self.objective.has_decoder:
            raise ConfigError(f"'{self.record.objective}' has no decoder: it throws away what a picture would need")
        is_torch = isinstance(z, torch.Tensor)
        given = z if is_torch else torch.as_tensor(z)
        if given.ndim not in (1, 2) or given.shape[-1] != self.width:
            raise ShapeError(f"representations have shape {tuple(given.shape)}; this run's are (N, {self.width})")
        flat = given.reshape(-1, self.width).float()
        return self._like(self._batched(self.objective.decode, flat), given, is_torch, *self.shape)

    def _encode(self, images: torch.Tensor) -> torch.Tensor:
        images = unit(images)
        if self.record.config.views.binarise:  # it has never seen a grey pixel
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
