"""Captions and their words as numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> list[str]:
    """Lower-case words of a text, punctuation dropped."""
    return WORDS.findall(text.lower())


def of_classes(labels: torch.Tensor, classes: Sequence[str]) -> tuple[str, ...]:
    """The class's name as the caption of each of N images, for data that come with labels and no words: labels (N,)."""
    return tuple(classes[label] for label in labels.tolist())


def build_vocabulary(captions: Sequence[str], limit: int = 2_000) -> tuple[str, ...]:
    """The ``limit`` most frequent words (ties in alphabetical order), after the empty word that pads."""
    counts = Counter(word for text in captions for word in words(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ("", *ranked[:limit])


def tokenize(captions: Sequence[str], vocabulary: Sequence[str], longest: int = 64) -> torch.Tensor:
    """Captions -> int64 (N, T), T the longest caption's length (at most ``longest``), padded with 0.

    Words that the vocabulary does not have are left out.
    """
    import torch

    place = {word: k for k, word in enumerate(vocabulary) if k}
    rows = [[place[w] for w in words(text) if w in place][:longest] for text in captions]
    tokens = torch.zeros(len(rows), max([1, *map(len, rows)]), dtype=torch.int64)
    for row, found in zip(tokens, rows, strict=True):
        row[: len(found)] = torch.tensor(found, dtype=torch.int64)
    return tokens
