"""The pairs of views that the objectives' closed forms sum over, spelt out for their oracles."""

from __future__ import annotations


def ordered_pairs(views: int) -> list[tuple[int, int]]:
    """All (a, b) with a ≠ b among J views: (0, 1), (0, 2), …, J(J−1) of them."""
    return [(a, b) for a in range(views) for b in range(views) if a != b]
