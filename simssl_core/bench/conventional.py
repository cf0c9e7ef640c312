"""The conventional pipeline that the lab is compared with, as tutorials and the published code write it.

It sends one PIL image at a time through torchvision's transforms, in two worker processes of a ``DataLoader``, and
trains in float32 with an Adam that has no fused kernel. Model, objective, number of views and distribution of crops are
the lab's own; only the implementation differs.

The ``released`` form follows the authors' released SimVAE loop, which first enlarges CIFAR-10 to 256 × 256, jitters
the colours at that size, then crops. It is reported separately from the plain form.
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
    """Round a tensor in [0, 1] to black or white. A class, because a lambda cannot be sent to worker processes."""

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        return (image > 0.5).float()


def transform(config: ViewConfig, size: int, released: bool = False) -> Callable[[Any], torch.Tensor]:
    """torchvision's transforms for ``config``: PIL image → float32 (C, ``size``, ``size``) in [0, 1]."""
    transforms = torchvision_safe.load().transforms
    jitter = (config.brightness, config.contrast, config.saturation, config.hue)
    colour = [transforms.ColorJitter(*jitter)] if any(jitter) else []
    scale, ratio = (config.crop_min, config.crop_max), (3 / 4, config.ratio)
    steps = [transforms.RandomResizedCrop(size, scale=scale, ratio=ratio)]
    if config.hflip:
        steps.append(transforms.RandomHorizontalFlip(config.hflip))
    if config.vflip:
        steps.append(transforms.RandomVerticalFlip(config.vflip))
    if config.rotation:
        steps.append(transforms.RandomRotation(config.rotation))
    enlarge = transforms.Resize((RELEASED_SIZE, RELEASED_SIZE))
    steps = [enlarge, *colour, *steps] if released else [*steps, *colour]
    if config.greyscale:
        steps.append(transforms.RandomGrayscale(config.greyscale))
    steps.append(transforms.ToTensor())
    if config.binarise:
        steps.append(Rounded())
    return transforms.Compose(steps)


class PerSample(Dataset):
    """The images of ``split`` one by one, as torchvision's data sets return them: array → PIL → ``count`` views."""

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
    """An endless ``DataLoader`` (shuffled, last batch dropped) whose workers can be paused.

    Between its turns the workers are stopped by a signal. Otherwise they would fill their queue during the lab's turn
    and have a head start in their own. Windows has no such signal: there they keep running, which favours the
    conventional side.
    """

    def __init__(self, data: PerSample, batch: int, workers: int = 2, pin: bool = False) -> None:
        # The default strategy runs out of file handles on some machines.
        torch.multiprocessing.set_sharing_strategy("file_system")
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
        """Let the workers continue."""
        self._signal("SIGCONT")

    def hush(self) -> None:
        """Stop the workers where they are; the batches in their queue remain."""
        self._signal("SIGSTOP")

    def close(self) -> None:
        """End the workers."""
        self.wake()
        self.batches.close()
        self.loader._iterator = None


class Trainer:
    """The conventional step: batch to the device, loss, backward pass, Adam that loops over the parameters."""

    def __init__(self, objective: torch.nn.Module, loader: Loader, learning_rate: float, device: str = "cpu") -> None:
        self.objective = objective.to(device).train()
        self.loader, self.device = loader, device
        implementation = {"foreach": False, "fused": False} if device == "cpu" else {"fused": False}
        self.optimizer = torch.optim.Adam(self.objective.parameters(), learning_rate, **implementation)

    def step(self) -> int:
        """Train on the next batch; returns the number of views in it."""
        views = next(self.loader)
        images = views.images.to(self.device, non_blocking=True)
        views_on_device = Views(images, {}, views.index.to(self.device), views.labels.to(self.device))
        self.optimizer.zero_grad()
        self.objective(views_on_device).loss.backward()
        self.optimizer.step()
        return images.shape[0] * images.shape[1]
