"""Captions in and out: a small convolutional reader of words, and a decoder that says every word's chances."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING = 48


class TextEncoder(nn.Module):
    """Tokens int64 (B, T), 0 pads, to (B, outputs). Any T.

    Embeddings, a convolution over three neighbouring words ("red star" is not "red background"), the greatest
    response of each channel anywhere in the caption, two linear layers.
    """

    def __init__(self, vocabulary: int, outputs: int, hidden: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, EMBEDDING)
        self.neighbours = nn.Conv1d(EMBEDDING, hidden, 3, padding=1)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        said = (tokens != 0).unsqueeze(1)  # padding is silent beside a word, and never the greatest response itself
        words = self.neighbours(self.embedding(tokens).mT * said).relu() * said  # (B, hidden, T)
        return self.last(self.middle(words.amax(-1)).relu())


class TextDecoder(nn.Module):
    """Latents (B, inputs) to logits (B, length, V): at each place a distribution over the vocabulary, 0 being "no
    word".

    Given z the places are independent. Longer captions are cut at ``length``, see :func:`fitted`.
    """

    def __init__(self, vocabulary: int, inputs: int, length: int, hidden: int = 128) -> None:
        super().__init__()
        self.length = length
        self.first = nn.Linear(inputs, hidden)
        self.places = nn.Linear(hidden, length * EMBEDDING)
        self.words = nn.Linear(EMBEDDING, vocabulary)

    def forward(self, z: Tensor) -> Tensor:
        places = self.places(self.first(z).relu()).unflatten(-1, (self.length, EMBEDDING))
        return self.words(places.relu())


def fitted(tokens: Tensor, length: int) -> Tensor:
    """Tokens (B, T) cut or padded with 0 to (B, ``length``)."""
    return F.pad(tokens[:, :length], (0, max(0, length - tokens.shape[1])))


def caption_nats(tokens: Tensor, logits: Tensor) -> Tensor:
    """−log p(caption|z) in nats, the end of the caption included; (B, T) and (B, length, V) → (B,)."""
    chances = logits.log_softmax(-1)
    wanted = fitted(tokens, logits.shape[1]).unsqueeze(-1)
    return -torch.gather(chances, -1, wanted).squeeze(-1).sum(-1)
