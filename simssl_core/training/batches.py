"""Which data each step sees: a fresh permutation for every pass over the data, drawn and kept on the device."""

from __future__ import annotations

import torch


class Batches:
    """An endless sequence of batches of indices; batch ``k`` is the same however often the training was interrupted.

    The remainder of a pass that fills no batch is left out; the next pass draws anew, so no datum is left out for long.
    The generator is the race's one: its state at the start of the pass is enough to draw the permutation again.
    """

    def __init__(self, size: int, batch: int, generator: torch.Generator):
        self.size, self.batch, self.generator = size, min(batch, size), generator
        self.per_pass = size // self.batch
        self.pass_state = generator.get_state()
        self._pass = -1
        self._order: torch.Tensor | None = None

    def indices(self, step: int) -> torch.Tensor:
        """int64 (B,): the data of ``step`` (from 0). Steps must be asked for in order."""
        number, place = divmod(step, self.per_pass)
        if number != self._pass or self._order is None:
            self.pass_state = self.generator.get_state()
            self._order = self._draw(number)
        return self._order[place * self.batch : (place + 1) * self.batch]

    def rewind(self, step: int, pass_state: torch.Tensor, state: torch.Tensor) -> None:
        """Continue after ``step`` steps, given the generator's state at the start of their last pass and now."""
        self.pass_state = pass_state
        self.generator.set_state(pass_state)
        if step % self.per_pass:
            self._order = self._draw(step // self.per_pass)
        else:  # between two passes: the next call draws
            self.forget()
        self.generator.set_state(state)

    def forget(self) -> None:
        """Draw the order anew at the next call."""
        self._pass = -1

    def _draw(self, number: int) -> torch.Tensor:
        self._pass = number
        return torch.randperm(self.size, generator=self.generator, device=self.generator.device)
