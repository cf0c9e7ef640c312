"""The pipeline that we are compared with, as the usual tutorial and the published code have it.

One PIL image at a time through torchvision's transforms, two worker processes in a ``DataLoader``, float32, Adam
without a fused kernel. Model, objective, number of views and distribution of crops are the lab's own: only the way is
different.

The ``released`` form follows the authors' released SimVAE loop, which first blows CIFAR-10 up to 256 × 256, jitters
there, then crops; it is reported beside the plain form and never mixed with it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from simssl_core.config import ViewConfig
from simssl_core.data import torchvision_safe
from simssl_core.data.types import Split, Views

RELEASED_SIZE = 256  # the released CIFAR-10 loop resizes to this before it crops


class Rounded:
    """Tensor in [0, 1] → black or white. A class and not a lambda, so that worker processes can be given it."""

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        return (image > 0.5).float()


def transform(config: ViewConfig, size: int, released: bool = False) -> Callable[[Any], torch.Tensor]:
    """torchvision's transforms for ``config``: PIL image → float32 (C, ``size``, ``size``) in [0, 1]."""
    t = torchvision_safe.load().transforms
    jitter = (config.brightness, config.contrast, config.saturation, config.hue)
    colour = [t.ColorJitter(*jitter)] if any(jitter) else []
    scale, ratio = (config.crop_min, config.crop_max), (3 / 4, config.ratio)
    steps = [t.RandomResizedCrop(size, scale=scale, ratio=ratio)]
    if config.hflip:
        steps.append(t.RandomHorizontalFlip(config.hflip))
    if config.vflip:
        steps.append(t.RandomVerticalFlip(config.vflip))
    if config.rotation:
        steps.append(t.RandomRotation(config.rotation))
    steps = [t.Resize((RELEASED_SIZE, RELEASED_SIZE)), *colour, *steps] if released else [*steps, *colour]
    if config.greyscale:
        steps.append(t.RandomGrayscale(config.greyscale))
    return t.Compose([*steps, t.ToTensor(), *([Rounded()] if config.binarise else [])])


class PerSample(Dataset):
    """``split``'s images one by one, as torchvision's data sets serve them: array → PIL → ``count`` transforms."""

    def __init__(self, split: Split, transform: Callable[[Any], torch.Tensor], count: int) -> None:
        self.images = split.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = split.labels.tolist()
        self.transform, self.count = transform, count

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[list[torch.Tensor], int, int]:
        from PIL import Image

        array = self.images[index]
        image = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
        return [self.transform(image) for _ in range(self.count)], self.labels[index], index


class Loader:
    """An endless ``DataLoader`` (shuffled, last batch dropped) whose workers can be put to sleep.

    Between its turns the workers are stopped by a signal: otherwise they would fill their queue on our time, and be
    ahead when their own clock starts. Where there is no such signal (Windows) they run on, to the conventional side's
    favour.
    """

    def __init__(self, data: PerSample, batch: int, workers: int = 2, pin: bool = False) -> None:
        torch.multiprocessing.set_sharing_strategy(
            "file_system"
        )  # the default runs out of file handles on some machines
        self.loader = DataLoader(
            data,
            batch,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            pin_memory=pin,
            persistent_workers=workers > 0,
        )
        self.batches = iter(self._forever())

    def _forever(self) -> Iterator[Views]:
        while True:
            for views, labels, index in self.loader:
                yield Views(images=torch.stack(views), factors={}, index=index, labels=labels)

    def __next__(self) -> Views:
        return next(self.batches)

    def _signal(self, name: str) -> None:
        for worker in getattr(self.loader._iterator, "_workers", ()):
            if hasattr(signal, name) and worker.is_alive():
                os.kill(worker.pid, getattr(signal, name))

    def wake(self) -> None:
        """Let the workers go on."""
        self._signal("SIGCONT")

    def hush(self) -> None:
        """Stop the workers where they are; their queue keeps what it has."""
        self._signal("SIGSTOP")

    def close(self) -> None:
        """End the workers."""
        self.wake()
        self.batches.close()
        self.loader._iterator = None


class Trainer:
    """The conventional step: batch to the device, objective, backward, Adam with one loop over the parameters."""

    def __init__(self, objective: torch.nn.Module, loader: Loader, learning_rate: float, device: str = "cpu") -> None:
        self.objective, self.loader, self.device = objective.to(device).train(), loader, device
        fused_off = {"foreach": False, "fused": False} if device == "cpu" else {"fused": False}
        self.optimizer = torch.optim.Adam(self.objective.parameters(), learning_rate, **fused_off)

    def step(self) -> int:
        """One step on the next batch; returns the number of views it saw."""
        views = next(self.loader)
        images = views.images.to(self.device, non_blocking=True)
        moved = Views(images, {}, views.index.to(self.device), views.labels.to(self.device))
        self.optimizer.zero_grad()
        self.objective(moved).loss.backward()
        self.optimizer.step()
        return images.shape[0] * images.shape[1]
