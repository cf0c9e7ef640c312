"""Captions and their words as numbers.

A sprite's caption is put together from phrases, one per factor: "large red star at the top left on a dark background
thin line upright". ``describe_tokens`` gives the same as numbers without going through text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import torch

from simssl_core.data import shapes

COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
# The order of the phrases in a caption, and what each says of the lowest to the highest values.
PHRASES: dict[str, tuple[str, ...]] = {
    "scale": ("small", "large"),
    "line": ("thin", "thick", "filled"),
    "hue": COLOURS,
    "shape": shapes.NAMES,
    "rotation": ("leaning right", "upright", "leaning left"),
    "y": ("at the top", "at the middle", "at the bottom"),
    "x": ("on the left", "on the centre", "on the right"),
    "background": ("with dark background", "with grey background", "with light background"),
}
WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> list[str]:
    """Lower-case words of a text, punctuation dropped."""
    return WORDS.findall(text.lower())


SPRITE_VOCABULARY: tuple[str, ...] = (
    "",
    *dict.fromkeys(w for p in PHRASES.values() for text in p for w in words(text)),
)


def told_words(names: Sequence[str]) -> tuple[str, ...]:
    """The words that occur in sprites' captions which tell the factors in ``names``, each once."""
    told = [text for name in PHRASES if name in names for text in PHRASES[name]]
    return tuple(dict.fromkeys(word for text in told for word in words(text)))


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
    place = {word: k for k, word in enumerate(vocabulary) if k}
    rows = [[place[w] for w in words(text) if w in place][:longest] for text in captions]
    tokens = torch.zeros(len(rows), max([1, *map(len, rows)]), dtype=torch.int64)
    for row, found in zip(tokens, rows, strict=True):
        row[: len(found)] = torch.tensor(found, dtype=torch.int64)
    return tokens


def _bins(name: str, values: torch.Tensor) -> torch.Tensor:
    """Which of a factor's phrases describes each value: int64 (N,)."""
    from simssl_core.data.sprites import FACTORS

    factor = next(f for f in FACTORS if f.name == name)
    n = len(PHRASES[name])
    if factor.kind == "discrete":
        return values.long()
    if factor.kind == "circular":  # the phrases are evenly spaced directions; each covers half a step to either side
        return (values * (n / (2 * math.pi))).round().long() % n
    share = (values - factor.low) / (factor.high - factor.low)
    return (share * n).long().clamp(0, n - 1)


def describe(factors: dict[str, torch.Tensor], names: Sequence[str] = tuple(PHRASES)) -> tuple[str, ...]:
    """A caption for each of N sprites that tells the factors in ``names`` (all of them unless told otherwise)."""
    told = [name for name in PHRASES if name in names]
    columns = [[PHRASES[name][k] for k in _bins(name, factors[name].cpu()).tolist()] for name in told]
    return tuple(" ".join(parts) for parts in zip(*columns, strict=True))
