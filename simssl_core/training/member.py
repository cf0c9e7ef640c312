"""One member of a race while it trains: its objective, its optimiser, its random numbers, and a single step."""

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

OUT_OF_MEMORY = "it ran out of memory at step {step}; try a smaller batch, fewer views or a smaller model"
NOT_FINITE = (
    "loss became {value} at about step {step}; try a lower learning rate (now {rate:g}) or a longer warm-up, "
    "then resume: the last checkpoint's weights are kept"
)


def optimizer_for(objective: Objective, weight_decay: float) -> torch.optim.Optimizer | None:
    """Adam for the objective's trainable parameters, fused if the device allows it; None if there are none.

    Weight decay is decoupled (AdamW) and leaves out biases, norms and other vectors, because shrinking these towards
    zero does not simplify the network.
    """
    trainable = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    if not trainable:
        return None
    optimizer_class: type[torch.optim.Adam | torch.optim.AdamW] = torch.optim.Adam
    groups: list[dict[str, Any]] = [{"params": trainable}]
    if weight_decay:
        optimizer_class = torch.optim.AdamW
        matrices = [parameter for parameter in trainable if parameter.ndim > 1]
        vectors = [parameter for parameter in trainable if parameter.ndim <= 1]
        groups = [
            {"params": parameters, "weight_decay": decay}
            for parameters, decay in ((matrices, weight_decay), (vectors, 0.0))
            if parameters
        ]
    try:
        return optimizer_class(groups, fused=True)
    except RuntimeError:  # no fused kernel for this device or data type
        return optimizer_class(groups)


class RunningMember:
    """A member of a race while it trains.

    ``failed`` is None, or the reason why the member was stopped. The weights of a stopped member cannot be trusted;
    those of its last checkpoint can.
    """

    def __init__(
        self, label: str, objective: Objective, stream: Stream, learning_rate: float, weight_decay: float
    ) -> None:
        self.label = label
        self.objective = objective
        self.stream = stream
        self.learning_rate = learning_rate
        self.optimizer = optimizer_for(objective, weight_decay)
        self.failed: str | None = None
        self.latest: dict[str, torch.Tensor] = {}

    def step(self, views: Views, rate: float, step: int, total: int, autocast: torch.autocast) -> None:
        """Train on one set of views. ``latest`` then holds the terms, still on the device, so that nothing waits.

        ``rate`` is the learning rate of this step; ``step`` counts from 1 to ``total``.
        """
        try:
            with self.stream:
                self._learn(views, rate, autocast)
                with torch.no_grad():
                    self.objective.after_step(step, total)
        except torch.OutOfMemoryError:
            self.failed = OUT_OF_MEMORY.format(step=step)
        except torch.linalg.LinAlgError:  # raised by the decomposition of a matrix that is no longer finite
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
        """Stop this member because its loss, ``value``, is no longer finite."""
        text = "NaN" if math.isnan(value) else "infinite"
        self.failed = NOT_FINITE.format(value=text, step=step, rate=self.learning_rate)

    def sound(self) -> bool:
        """Whether all weights are finite. This waits for the device."""
        weights = [parameter.detach() for parameter in self.objective.parameters()]
        return not weights or bool(torch.stack([weight.isfinite().all() for weight in weights]).all())

    def can_change(self, name: str) -> bool:
        """Whether ``name`` is a setting of this member that may be changed while it trains."""
        return name == "learning_rate" or name in self.objective.live()

    def check(self, name: str, value: object) -> None:
        """Raise ConfigError if ``name`` is not a live setting of this member or ``value`` is out of its range."""
        if not self.can_change(name):
            raise ConfigError(f"'{name}' of '{self.label}' cannot be changed while it trains; {self.knobs()}")
        if name == "learning_rate":
            parse(TrainConfig, {name: value}, self.label)
        else:
            settings = self.objective.settings
            parse(type(settings), settings.model_dump() | {name: value}, self.label)

    def change(self, name: str, value: object) -> None:
        """Set the learning rate or a live setting of the objective.

        Raises:
            ConfigError: see :meth:`check`.
        """
        self.check(name, value)
        if name == "learning_rate":
            self.learning_rate = parse(TrainConfig, {name: value}).learning_rate
        else:
            self.objective.change(**{name: value})

    def knobs(self) -> str:
        """A phrase for messages that names the settings that may be changed."""
        return f"'{self.label}' can change {', '.join(('learning_rate', *self.objective.live()))}"


@contextmanager
def measuring(member: RunningMember) -> Iterator[Objective]:
    """Give the member's objective in evaluation mode, without gradients, for a probe or a map between two steps.

    Random numbers drawn inside do not affect the training, whose random numbers come from the member's stream.
    """
    objective = member.objective
    was_training = objective.training
    objective.eval()
    try:
        with torch.no_grad():
            yield objective
    finally:
        objective.train(was_training)
