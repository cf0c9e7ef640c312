"""How settings move over a training, as pure functions of the step."""

from __future__ import annotations


def warmed_up(value: float, step: int, warmup: int) -> float:
    """The learning rate at ``step`` (from 0): it rises evenly to ``value`` over ``warmup`` steps, then stays."""
    return value * min(1.0, (step + 1) / warmup) if warmup > 0 else value
