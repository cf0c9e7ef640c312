"""Small networks on top of an encoder: projection g(h) and predictor q(p), and their hidden layers to look into."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from simssl_core.functional.vectors import unit


def projector(inputs: int, hidden: int, outputs: int, layers: int = 2, norm: bool = True) -> nn.Sequential:
    """An MLP (B, ``inputs``) → (B, ``outputs``) with ``layers`` linear layers; hidden ones have batch-norm (``norm``)
    and ReLU.
    """
    modules: list[nn.Module] = []
    for _ in range(layers - 1):
        modules.append(nn.Linear(inputs, hidden, bias=not norm))
        modules += [nn.BatchNorm1d(hidden)] if norm else []
        modules.append(nn.ReLU(inplace=True))
        inputs = hidden
    return nn.Sequential(*modules, nn.Linear(inputs, outputs))


def predictor(width: int, hidden: int) -> nn.Sequential:
    """The predictor of BYOL and SimSiam, (B, ``width``) → (B, ``width``): two linear layers, batch-norm, ReLU."""
    return projector(width, hidden, width)


def hidden_layers(head: nn.Sequential, h: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield (``head 1``, …) the output of each hidden layer of ``head`` for (B, inputs) ``h``, then (``projection``,
    the output).
    """
    count = 0
    for module in head:
        # an in-place ReLU would overwrite what was yielded before it, so only values after it are handed out
        h = module(h)
        if isinstance(module, nn.ReLU):
            count += 1
            yield f"head {count}", h
    yield "projection", h


class Prototypes(nn.Module):
    """Cosines of projections (..., P) with K learned directions → (..., K): a linear layer of unit weights.

    Weights are normalised in the forward pass and not, as SwAV's code does, in place before it: the same values, and
    gradients only along the sphere.
    """

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(count, width))

    def forward(self, p: Tensor) -> Tensor:
        return unit(p) @ unit(self.weight).T
