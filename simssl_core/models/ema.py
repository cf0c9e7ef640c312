"""Target networks: a copy that follows the network it was made of, slowly and without gradients."""

from __future__ import annotations

import copy
import math
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def target_of(online: Module) -> Module:
    """A copy of ``online`` whose parameters take no gradient; a part of the objective's state like any other."""
    return copy.deepcopy(online).requires_grad_(False)


@torch.no_grad()
def follow(target: nn.Module, online: nn.Module, momentum: float) -> None:
    """target ← m·target + (1 − m)·online, for every parameter. Batch-norm statistics are each network's own."""
    torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), 1 - momentum)


def rising(momentum: float, step: int, total: int) -> float:
    """BYOL's schedule: from ``momentum`` at the start to 1 at the end by half a cosine (Grill 2020, section 3.2)."""
    share = min(step / max(total, 1), 1.0)
    return 1 - (1 - momentum) * (math.cos(math.pi * share) + 1) / 2
