"""Views per second on a GPU, and the share of its measured matrix-product rate that a whole step reaches.

The device is waited for only at the two ends of a measured segment.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import torch

from simssl_core.bench import machine, steps
from simssl_core.bench.interleave import Plan, segment
from simssl_core.bench.workload import published
from simssl_core.runtime.devices import precision
from simssl_core.training.loop import Race

SIZE = 8192  # of the matrices with which the device reaches its best rate


@dataclass(frozen=True)
class Subject:
    """A model, the data per step that fills the device, and ``aim``, the views per second it should reach."""

    key: str
    title: str
    data: str
    batch: int
    aim: float


SUBJECTS = (
    Subject("gpu_mnist", "MNIST MLP", "mnist", 4096, 1e6),
    Subject("gpu_cifar", "CIFAR-10 ResNet-18", "cifar10", 1024, 6e4),
)


def measure(subject: Subject, plan: Plan, device: str, peak: float) -> dict[str, Any]:
    """Median views/s of the lab's loop over ``plan.rounds`` segments.

    ``peak`` is the device's matrix-product rate in GFLOP/s, in the arithmetic that the training uses.
    """
    work = published(subject.data, device, images=max(20_000, subject.batch), batch=subject.batch, threads=0)
    race = Race(work.config, work.dataset, device)
    lane = steps.our_lane(race)
    for _ in range(20):  # libraries choose their kernels during the first steps
        lane.unit()
    rate = statistics.median(segment(lane, plan) for _ in range(plan.rounds))
    flops = machine.flops(steps.conventional_objective(race).to(device), race.views(torch.arange(2, device=device)))
    share = rate * flops / (2 * work.config.views.count) / 1e9 / peak
    return {
        "key": subject.key,
        "title": f"{subject.title}, {work.views:,} views a step",
        "views_per_second": rate,
        "aim": subject.aim,
        "met": rate >= subject.aim,
        "share": share,
        "real": work.real,
    }


def run(plan: Plan, device: str = "cuda:0") -> list[dict[str, Any]]:
    """Measure every subject; an empty list without a GPU."""
    if not torch.cuda.is_available():
        return []
    dtype = precision(device, "auto") or torch.float32
    peak = machine.matmul_rate(device, dtype, SIZE)
    return [measure(subject, plan, device, peak) for subject in SUBJECTS]
