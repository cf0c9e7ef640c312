"""What an objective returns: its loss, split by the role each part plays in ELBO_SSL."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

ROLES = ("pull", "push", "reconstruct", "other")


@dataclass(frozen=True)
class Terms:
    """The parts of a loss, each a 0-d tensor in nats per datum (summed over views and dimensions, averaged over
    data).

    ``pull + push + reconstruct + other`` is the loss, exactly. ``extras`` are figures worth a curve (a temperature, a
    bound on mutual information); they take no part in the loss.
    """

    pull: torch.Tensor
    push: torch.Tensor
    reconstruct: torch.Tensor
    other: torch.Tensor
    extras: dict[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, like: torch.Tensor, **parts: torch.Tensor | dict) -> Terms:
        """Terms with the roles that are not named set to zero, on the device and of the type of ``like``."""
        zero = torch.zeros((), device=like.device, dtype=like.dtype)
        return cls(**(dict.fromkeys(ROLES, zero) | parts))

    @property
    def loss(self) -> torch.Tensor:
        """The scalar to minimise."""
        return self.pull + self.push + self.reconstruct + self.other

    def by_role(self) -> dict[str, torch.Tensor]:
        """``{role: value}`` in the order of :data:`ROLES`, detached."""
        return {role: getattr(self, role).detach() for role in ROLES}
