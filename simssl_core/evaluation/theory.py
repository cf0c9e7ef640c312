"""The theory's predictions: which factors of an image a representation keeps.

A discriminative objective needs only what the views share; it treats the differences between views as noise and removes
them. A generative objective must reconstruct each view, so it needs both. For references (untrained, supervised) the
theory makes no prediction. ``Objective.keeps`` states which of the three cases holds for an objective.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

Verdict = Literal["kept", "lost"]
THRESHOLD = 0.5


def predict(keeps: str, factor: str, shared: Collection[str]) -> Verdict | None:
    """Return the theory's prediction for ``factor`` if views share the factors in ``shared``; None if there is none.

    ``keeps`` is ``Objective.keeps``: "all", "shared" or "".
    """
    if keeps == "all":
        return "kept"
    if keeps == "shared":
        return "kept" if factor in shared else "lost"
    return None


def strength(score: float, chance: float = 0.0) -> float:
    """Rescale a score so that chance is 0 and a perfect score is 1, clipped to [0, 1]; ``chance`` is 0 for R²."""
    return min(1.0, max(0.0, (score - chance) / (1 - chance)))


def observed(score: float, chance: float = 0.0, threshold: float = THRESHOLD) -> Verdict:
    """Return "kept" if the probe's :func:`strength` reaches ``threshold`` (half of what can be known), else "lost"."""
    return "kept" if strength(score, chance) >= threshold else "lost"
