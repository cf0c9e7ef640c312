"""The data path alone: the lab makes views in batches on the device, the conventional pipeline makes them one PIL image
at a time in two processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from simssl_core.bench import conventional
from simssl_core.bench.interleave import Lane, Plan, interleave
from simssl_core.bench.report import Row
from simssl_core.bench.workload import Workload, published
from simssl_core.data.view_maker import make_views

LARGE = 512  # the lab's data per batch in the second figure: the batch at which its speed is quoted


@dataclass(frozen=True)
class Path:
    """One pair of data paths. The lab's is timed at the conventional batch and at :data:`LARGE`."""

    key: str
    title: str
    data: str
    aim: float | None
    released: bool = False
    note: str = ""


PATHS = (
    Path("mnist", "MNIST views", "mnist", 15.0),
    Path("cifar", "CIFAR-10 views, against plain PIL at 32 × 32", "cifar10", None),
    Path("cifar_released", "CIFAR-10 views, against the released 256 × 256 jitter", "cifar10", 50.0, released=True),
)


def our_lane(work: Workload, batch: int) -> Lane:
    """The lab's data path: views of ``batch`` random data at a time."""
    view_maker = make_views(work.dataset, work.config.views)
    split = work.dataset.train
    device = split.images.device
    generator = torch.Generator(device).manual_seed(0)

    def make() -> int:
        index = torch.randint(0, len(split), (batch,), generator=generator, device=device)
        views = view_maker(split, index, generator)
        return views.images[:, :, 0, 0, 0].numel()

    return Lane(make)


def their_lane(work: Workload, released: bool) -> tuple[Lane, conventional.Loader]:
    """The conventional data path: batches from a ``DataLoader`` with two workers, stacked for a training step."""
    transform = conventional.transform(work.config.views, work.dataset.shape[-1], released)
    data = conventional.PerSample(work.dataset.train, transform, work.config.views.count)
    loader = conventional.Loader(data, work.batch)

    def take() -> int:
        images = next(loader).images
        return images.shape[0] * images.shape[1]

    return Lane(take, loader.wake, loader.hush), loader


def compare(path: Path, plan: Plan) -> list[Row]:
    """Time one pair, with the lab at the equal batch and at the large one (``path.aim`` is for the large one)."""
    work = published(path.data)
    theirs, loader = their_lane(work, path.released)
    lanes = {"ours": our_lane(work, work.batch), "large": our_lane(work, LARGE), "theirs": theirs}
    try:
        rates = interleave(lanes, plan)
    finally:
        loader.close()
    note = "" if work.real else "made-up images"
    small, large = work.views, LARGE * work.config.views.count
    return [
        Row.of(f"data_{path.key}", f"{path.title}, {small} at a time", rates, None, note),
        Row.of(f"data_{path.key}_large", f"{path.title}, ours {large} at a time", rates, path.aim, note, lane="large"),
    ]


def run(plan: Plan) -> list[Row]:
    """Time all data paths."""
    return [row for path in PATHS for row in compare(path, plan)]
