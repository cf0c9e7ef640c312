"""One racer while it trains: its objective, its optimiser, its own random numbers, and a single step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from simssl_core.config import TrainConfig, parse
from simssl_core.data.types import Views
from simssl_core.errors import ConfigError
from simssl_core.objectives.base import Objective
from simssl_core.runtime.randomness import Stream

MEMORY = "it ran out of memory at step {step}; try a smaller batch, fewer views or a smaller model"
BROKEN = (
    "loss became {value} at about step {step}; try a lower learning rate (now {rate:g}) or a longer warm-up, "
    "then resume: the last checkpoint's weights are kept"
)


def optimizer_for(objective: Objective, weight_decay: float) -> torch.optim.Optimizer | None:
    """Adam over what can be learned, fused where the device allows; None if nothing can be.

    Decay, where asked for, is decoupled (AdamW) and spares biases, norms and other vectors: shrinking them towards
    zero is no simplification of the network.
    """
    learned = [p for p in objective.parameters() if p.requires_grad]
    if not learned:
        return None
    kind: type[torch.optim.Adam | torch.optim.AdamW] = torch.optim.Adam
    groups: list[dict[str, Any]] = [{"params": learned}]
    if weight_decay:
        split = ([p for p in learned if p.ndim > 1], weight_decay), ([p for p in learned if p.ndim <= 1], 0.0)
        kind = torch.optim.AdamW
        groups = [{"params": params, "weight_decay": decay} for params, decay in split if params]
    try:
        return kind(groups, fused=True)
    except RuntimeError:  # a device or a type of number that has no fused kernel
        return kind(groups)


class RunningMember:
    """A racer. ``failed`` is None while it is well, else the reason why it was stopped (its weights are then not to
    be trusted: the last checkpoint's are)."""

    def __init__(self, label: str, objective: Objective, stream: Stream, learning_rate: float, weight_decay: float):
        self.label, self.objective, self.stream, self.learning_rate = label, objective, stream, learning_rate
        self.optimizer = optimizer_for(objective, weight_decay)
        self.failed: str | None = None
        self.latest: dict[str, torch.Tensor] = {}

    def step(self, views: Views, rate: float, step: int, total: int, autocast: torch.autocast) -> None:
        """Learn from one set of views; ``latest`` then holds the terms, still on the device (nothing waits for them).

        ``step`` counts from 1; ``rate`` is the learning rate of this step.
        """
        try:
            with self.stream:
                self._learn(views, rate, autocast)
                with torch.no_grad():
                    self.objective.after_step(step, total)
        except torch.OutOfMemoryError:
            self.failed = MEMORY.format(step=step)
        except torch.linalg.LinAlgError:  # a decomposition of a matrix that is no longer finite
            self.fail(step, math.nan)

    def _learn(self, views: Views, rate: float, autocast: torch.autocast) -> None:
        with autocast:
            terms = self.objective(views)
        loss = terms.loss
        if self.optimizer is not None and loss.requires_grad:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        extras = {name: value.detach() for name, value in terms.extras.items()}
        self.latest = {"loss": loss.detach(), **terms.by_role(), **extras}

    def fail(self, step: int, value: float) -> None:
        """Stop this racer because its loss is no longer a finite number."""
        shown = "NaN" if math.isnan(value) else "infinite"
        self.failed = BROKEN.format(value=shown, step=step, rate=self.learning_rate)

    def sound(self) -> bool:
        """Whether every weight is a finite number. Waits for the device."""
        tensors = [p.detach() for p in self.objective.parameters()]
        return not tensors or bool(torch.stack([t.isfinite().all() for t in tensors]).all())

    def can_change(self, name: str) -> bool:
        """Whether ``name`` is a setting of this racer that may change while it trains."""
        return name == "learning_rate" or name in self.objective.live()

    def check(self, name: str, value: object) -> None:
        """Raise ConfigError if ``name`` is no live setting of this racer or ``value`` is out of its range."""
        if not self.can_change(name):
            raise ConfigError(f"'{name}' of '{self.label}' cannot be changed while it trains; {self.knobs()}")
        if name == "learning_rate":
            parse(TrainConfig, {name: value}, self.label)
        else:
            settings = self.objective.settings
            parse(type(settings), settings.model_dump() | {name: value}, self.label)

    def change(self, name: str, value: object) -> None:
        """Set the learning rate or a live setting of the objective, after :meth:`check`."""
        self.check(name, value)
        if name == "learning_rate":
            self.learning_rate = parse(TrainConfig, {name: value}).learning_rate
        else:
            self.objective.change(**{name: value})

    def knobs(self) -> str:
        """What may be changed, in words."""
        return f"'{self.label}' can change {', '.join(('learning_rate', *self.objective.live()))}"


@contextmanager
def measuring(member: RunningMember) -> Iterator[Objective]:
    """The member's objective in evaluation mode, without gradients, for a probe or a map between two steps.

    What is drawn at random inside leaves the training's own numbers alone (they live in the member's stream).
    """
    objective = member.objective
    before = objective.training
    objective.eval()
    try:
        with torch.no_grad():
            yield objective
    finally:
        objective.train(before)
