"""Whole training steps, from data to optimiser: the lab against the conventional pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from simssl_core import objectives
from simssl_core.bench import conventional, machine
from simssl_core.bench.interleave import Lane, Plan, interleave
from simssl_core.bench.report import Row
from simssl_core.bench.workload import Workload, published
from simssl_core.models.layers import ChannelsLast, GrowingBlock, ToMap
from simssl_core.runtime.randomness import Stream, seed_for
from simssl_core.training.loop import Race

WITH_BF16 = "aim for a CPU with bf16"


@dataclass(frozen=True)
class Comparison:
    """One line of the report: the lab at ``batch`` data per step against 64; ``aim``: the ratio to reach, if any."""

    key: str
    title: str
    data: str
    batch: int
    aim: float | None
    released: bool = False
    note: str = ""


COMPARISONS = (
    Comparison("mnist_equal", "MNIST MLP, equal batch (128 views)", "mnist", 64, 2.0, note=WITH_BF16),
    Comparison("mnist_512", "MNIST MLP, ours at 512 views against 128", "mnist", 256, 3.0, note=WITH_BF16),
    Comparison("cifar_equal", "CIFAR-10 ResNet-18, equal batch (128 views)", "cifar10", 64, 2.0, note=WITH_BF16),
    Comparison(
        "cifar_released",
        "CIFAR-10 ResNet-18, against the released 256 × 256 jitter",
        "cifar10",
        64,
        None,
        released=True,
    ),
)


def our_lane(race: Race) -> Lane:
    """The lab's own loop, one step at a time."""
    steps = race.run()
    view_count = race.config.train.batch * race.config.views.count

    def step() -> int:
        next(steps)
        return view_count

    return Lane(step, finish=partial(machine.finish, race.device))


def usual_form(objective: nn.Module) -> nn.Module:
    """``objective``, changed in place, without the lab's optimisations: the same function of the same weights.

    It gets torch's default memory order instead of channels-last, and repeats pixels before it convolves them instead
    of doing both at once.
    """
    for parent in list(objective.modules()):
        if isinstance(parent, GrowingBlock):
            parent.folded = False
        for name, child in list(parent.named_children()):
            if isinstance(child, ChannelsLast):
                setattr(parent, name, nn.Identity())
            elif isinstance(child, ToMap):
                setattr(parent, name, nn.Unflatten(1, (-1, *child.size)))
    return objective


def conventional_objective(race: Race) -> nn.Module:
    """The race's first objective in its usual form, built again from the same seed, so with equal weights."""
    member = race.config.members[0]
    with Stream(seed_for(race.config.train.seed, "weights"), race.device):
        objective = objectives.build(member.objective, member.settings, race.context)
    return usual_form(objective)


def conventional_trainer(work: Workload, race: Race, released: bool = False, workers: int = 2) -> conventional.Trainer:
    """The conventional pipeline for the same work."""
    data = conventional.PerSample(
        work.dataset.train,
        conventional.transform(work.config.views, work.dataset.shape[-1], released),
        work.config.views.count,
    )
    loader = conventional.Loader(data, work.batch, workers, pin=race.device != "cpu")
    return conventional.Trainer(conventional_objective(race), loader, work.config.train.learning_rate, race.device)


def conventional_lane(trainer: conventional.Trainer) -> Lane:
    """The conventional step; its workers are paused between its turns."""
    finish = partial(machine.finish, trainer.device)
    return Lane(trainer.step, trainer.loader.wake, trainer.loader.hush, finish)


def compare(item: Comparison, plan: Plan, peak: float, quick: bool = False) -> Row:
    """Time one comparison; ``peak`` is the machine's measured matrix-product rate in GFLOP/s."""
    size = {"model": {"channels": 8}} if quick and item.data == "cifar10" else {}
    theirs = published(item.data, **size)
    ours = theirs if item.batch == theirs.batch else published(item.data, batch=item.batch, **size)
    race = Race(ours.config, ours.dataset)
    trainer = conventional_trainer(theirs, race, item.released)
    try:
        rates = interleave({"ours": our_lane(race), "theirs": conventional_lane(trainer)}, plan)
    finally:
        trainer.loader.close()
    flops = machine.flops(conventional_objective(race), race.views(torch.arange(2)))
    flops_per_image = flops / (2 * ours.config.views.count)
    notes = [item.note, "" if theirs.real else "made-up images", "small model: quick" if size else ""]
    row = Row.of(item.key, item.title, rates, item.aim, "; ".join(filter(None, notes)))
    return row.with_share(flops_per_image, peak)


def run(only: Iterable[str], plan: Plan, slow: Plan, peak: float, quick: bool = False) -> list[Row]:
    """Time the comparisons whose data is named in ``only`` (mnist, cifar); ``slow`` is the plan for the ResNet."""
    comparisons = [item for item in COMPARISONS if item.data.removesuffix("10") in only]
    return [compare(item, slow if item.data == "cifar10" else plan, peak, quick) for item in comparisons]
