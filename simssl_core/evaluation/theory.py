"""Predictions before results: which factors of an image does the theory say a representation keeps?

A discriminative objective only needs what views share; what differs between them is noise to it and is pushed out. A
generative one must draw each view again, so that it needs both. Of references (untrained, supervised) nothing is said.
Each objective states which of the three holds for it: ``Objective.keeps``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

Verdict = Literal["kept", "lost"]
THRESHOLD = 0.5


def predict(keeps: str, factor: str, shared: Collection[str]) -> Verdict | None:
    """What the theory says of ``factor`` when views share the factors in ``shared``; None where it says nothing.

    ``keeps`` is the objective's: "all", "shared" or "".
    """
    if keeps == "all":
        return "kept"
    if keeps == "shared":
        return "kept" if factor in shared else "lost"
    return None


def strength(score: float, chance: float = 0.0) -> float:
    """A score between chance (0) and perfect (1): R² as it is, an accuracy less what guessing gets."""
    return min(1.0, max(0.0, (score - chance) / (1 - chance)))


def observed(score: float, chance: float = 0.0, threshold: float = THRESHOLD) -> Verdict:
    """What a probe found: "kept" if at least half of what there is to know can be read, else "lost"."""
    return "kept" if strength(score, chance) >= threshold else "lost"
