"""Compare speeds on a machine that is never quite idle: short segments A B, B A, A B …, and the median of their ratios.

Two long runs one after the other measure changes in the machine's load as much as the code. Here every round times each
lane once, close together and in alternating order, so that whatever slows the machine slows both. The ratio is taken
within each round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


def nothing() -> None:
    """Do nothing: what a lane needs where it has nothing to wake, pause or wait for."""


@dataclass(frozen=True)
class Lane:
    """A program to time. ``unit()`` does one piece of work and returns how many images it made or trained on.

    ``enter`` is called before a segment and ``leave`` after it: they wake and pause background processes, so that a
    lane uses no core outside its turn. ``finish`` waits until the device has done all queued work.
    """

    unit: Callable[[], int]
    enter: Callable[[], None] = nothing
    leave: Callable[[], None] = nothing
    finish: Callable[[], None] = nothing


@dataclass(frozen=True)
class Plan:
    """How long to measure: ``rounds`` segments per lane, each of at least ``seconds`` and ``units``.

    Every segment begins with ``lead`` units that are not timed.
    """

    rounds: int = 7
    seconds: float = 1.0
    units: int = 2
    lead: int = 1


@dataclass(frozen=True)
class Rates:
    """Images per second of every lane, one figure per round (without the warm-up round)."""

    rounds: Mapping[str, tuple[float, ...]]

    def median(self, lane: str) -> float:
        """The lane's median rate in images per second."""
        return statistics.median(self.rounds[lane])

    def ratio(self, lane: str, other: str) -> dict[str, float]:
        """How many times faster ``lane`` is than ``other``: ``median`` and quartiles of the rounds' ratios."""
        ratios = [rate / other_rate for rate, other_rate in zip(self.rounds[lane], self.rounds[other], strict=True)]
        low, middle, high = quartiles(ratios)
        return {"median": middle, "low": low, "high": high}


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """First quartile, median and third quartile (all equal for a single value)."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def segment(lane: Lane, plan: Plan, clock: Callable[[], float] = time.perf_counter) -> float:
    """Images per second of one segment."""
    lane.enter()
    try:
        for _ in range(plan.lead):
            lane.unit()
        lane.finish()
        images = units = 0
        start = clock()
        while units < plan.units or clock() - start < plan.seconds:
            images += lane.unit()
            units += 1
        lane.finish()
        return images / (clock() - start)
    finally:
        lane.leave()


def interleave(lanes: Mapping[str, Lane], plan: Plan, clock: Callable[[], float] = time.perf_counter) -> Rates:
    """Time every lane ``plan.rounds`` times in alternating order, after a warm-up round that is not recorded."""
    rates: dict[str, list[float]] = {name: [] for name in lanes}
    for round_number in range(plan.rounds + 1):
        order = list(lanes) if round_number % 2 else list(reversed(lanes))
        for name in order:
            rate = segment(lanes[name], plan, clock)
            if round_number:
                rates[name].append(rate)
    return Rates({name: tuple(values) for name, values in rates.items()})
