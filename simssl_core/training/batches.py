"""Which data each step sees: a new permutation for every pass over the data, drawn and held on the device."""

from __future__ import annotations

import torch


class Batches:
    """An endless sequence of batches of indices; batch ``k`` is the same however often the training was interrupted.

    Data at the end of a pass that do not fill a batch are left out. Each pass has a new permutation, so no datum is
    left out for long. The generator is shared with the race, which draws views from it; its state at the start of a
    pass is enough to draw the permutation again.
    """

    def __init__(self, size: int, batch: int, generator: torch.Generator) -> None:
        self.size = size
        self.batch = min(batch, size)
        self.generator = generator
        self.per_pass = size // self.batch
        self.pass_state = generator.get_state()
        self._pass = -1
        self._order: torch.Tensor | None = None

    def indices(self, step: int) -> torch.Tensor:
        """The indices of the data of ``step`` (from 0), int64 (B,). Call this for one step after the other."""
        pass_number, position = divmod(step, self.per_pass)
        if pass_number != self._pass or self._order is None:
            self.pass_state = self.generator.get_state()
            self._order = self._draw(pass_number)
        return self._order[position * self.batch : (position + 1) * self.batch]

    def rewind(self, step: int, pass_state: torch.Tensor, state: torch.Tensor) -> None:
        """Continue after ``step`` steps.

        ``pass_state`` is the generator's state at the start of the pass of the last step, ``state`` that after it.
        """
        self.pass_state = pass_state
        self.generator.set_state(pass_state)
        if step % self.per_pass:
            self._order = self._draw(step // self.per_pass)
        else:  # between two passes: the next call of indices() draws
            self.forget()
        self.generator.set_state(state)

    def forget(self) -> None:
        """Make the next call of :meth:`indices` draw a new permutation."""
        self._pass = -1

    def _draw(self, pass_number: int) -> torch.Tensor:
        self._pass = pass_number
        return torch.randperm(self.size, generator=self.generator, device=self.generator.device)
