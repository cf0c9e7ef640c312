"""A first-in-first-out queue of keys that remembers which datum each key came from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simssl_core.functional.vectors import unit


class KeyQueue(nn.Module):
    """``keys`` (K, P), unit vectors, random until replaced; ``index`` int64 (K,), their data (−1: random).

    All of it is in buffers, the place of the oldest key too, and so in the checkpoint.
    """

    keys: Tensor
    index: Tensor
    oldest: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("keys", unit(torch.randn(size, width)))
        self.register_buffer("index", torch.full((size,), -1))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Tensor, index: Tensor) -> None:
        """Put (N, P) ``keys`` of data (N,) ``index`` in place of the oldest; of more than K the last K."""
        size = len(self.keys)
        keys, index = keys[-size:], index[-size:]
        places = (self.oldest + torch.arange(len(keys), device=keys.device)) % size
        self.keys[places], self.index[places] = keys.to(self.keys.dtype), index
        self.oldest.copy_((self.oldest + len(keys)) % size)
