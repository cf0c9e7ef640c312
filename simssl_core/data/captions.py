"""Split captions into words, build a vocabulary and turn captions into token numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return WORDS.findall(text.lower())


def class_captions(labels: torch.Tensor, classes: Sequence[str]) -> tuple[str, ...]:
    """The class name of each of N images, used as its caption where the data have labels (N,) but no text."""
    return tuple(classes[label] for label in labels.tolist())


def build_vocabulary(captions: Sequence[str], limit: int = 2_000) -> tuple[str, ...]:
    """The padding word "" followed by the ``limit`` most frequent words; ties are in alphabetical order."""
    counts = Counter(word for text in captions for word in words(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ("", *ranked[:limit])


def tokenize(captions: Sequence[str], vocabulary: Sequence[str], longest: int = 64) -> torch.Tensor:
    """Captions as int64 (N, T), padded with 0; T is the length of the longest caption, at most ``longest``.

    Words that are not in the vocabulary are dropped.
    """
    import torch

    index = {word: k for k, word in enumerate(vocabulary) if k}
    rows = [[index[word] for word in words(text) if word in index][:longest] for text in captions]
    tokens = torch.zeros(len(rows), max([1, *map(len, rows)]), dtype=torch.int64)
    for padded, row in zip(tokens, rows, strict=True):
        padded[: len(row)] = torch.tensor(row, dtype=torch.int64)
    return tokens
