"""Reproducible random numbers: seeds by purpose, and a separate random stream for each member of a race."""

from __future__ import annotations

import hashlib

import torch


def seed_for(seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose, the same on every machine and in every process."""
    digest = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def global_generators(device: str) -> list[torch.Generator]:
    """The generators from which ``torch.randn`` and the like draw: that of the CPU and, if different, of ``device``."""
    place = torch.device(device)
    generators = [torch.default_generator]
    if place.type == "cuda":
        torch.cuda.init()
        generators.append(torch.cuda.default_generators[place.index or 0])
    elif place.type == "mps":
        generators.append(torch.mps._get_default_mps_generator())
    return generators


class Stream:
    """A private sequence of random numbers from torch's global generators, for one member of a race.

    Objectives draw from torch's global generators. Inside ``with stream:`` these continue the stream's own sequence;
    afterwards the caller's sequence continues as if nothing had been drawn. A member's random numbers therefore do not
    depend on the other members. Entering and leaving costs 3 µs on a CPU; a CUDA generator's state is 16 bytes on the
    host, so nothing waits for the GPU.
    """

    def __init__(self, seed: int, device: str) -> None:
        self._generators = global_generators(device)
        self._outer: list[torch.Tensor] = []
        self.states: list[torch.Tensor] = []
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start the sequence again from ``seed``."""
        outer = self._current_states()
        for generator in self._generators:
            generator.manual_seed(seed)
        self.states = self._current_states()
        self._set_states(outer)

    def __enter__(self) -> Stream:
        self._outer = self._current_states()
        self._set_states(self.states)
        return self

    def __exit__(self, *_: object) -> None:
        self.states = self._current_states()
        self._set_states(self._outer)

    def _current_states(self) -> list[torch.Tensor]:
        return [generator.get_state() for generator in self._generators]

    def _set_states(self, states: list[torch.Tensor]) -> None:
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)
