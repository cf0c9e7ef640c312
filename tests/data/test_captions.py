"""Captions: the words for values, and words as numbers."""

import math

import pytest
import torch

from simssl_core.data import captions
from simssl_core.data.datasets import sprites
from simssl_core.data.datasets.sprites import shapes


def sprite(**values):
    plain = {"shape": 0, "x": 0, "y": 0, "scale": 1, "rotation": 0, "hue": 0, "background": 0, "line": 1} | values
    return {name: torch.tensor([float(value)]) for name, value in plain.items()}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scale": 0.65}, "small"),
        ({"scale": 0.95}, "large"),
        ({"line": 0.1}, "thin"),
        ({"line": 1.0}, "filled"),
        ({"hue": 0.1}, "red"),
        ({"hue": 2 * math.pi - 0.1}, "red"),
        ({"hue": math.pi}, "cyan"),
        ({"hue": 2 * math.pi / 3}, "green"),
        ({"hue": 4 * math.pi / 3}, "blue"),
        ({"shape": 2}, "arrow"),
        ({"rotation": -0.4}, "leaning right"),
        ({"rotation": 0.4}, "leaning left"),
        ({"y": -0.3}, "at the top"),
        ({"y": 0.3}, "at the bottom"),
        ({"x": -0.3}, "on the left"),
        ({"x": 0.3}, "on the right"),
        ({"background": 0.05}, "with dark background"),
        ({"background": 0.45}, "with light background"),
    ],
)
def test_a_caption_says_what_is_there(values, words):
    name = next(iter(values))
    assert sprites.describe(sprite(**values), (name,)) == (words,)
    assert words in sprites.describe(sprite(**values))[0]


def test_every_phrase_is_in_the_vocabulary():
    assert sprites.VOCABULARY[0] == ""
    assert set(shapes.NAMES) | {"leaning", "upright", "background"} <= set(sprites.VOCABULARY)
    assert len(sprites.VOCABULARY) == len(set(sprites.VOCABULARY)) < 64


def test_tokens_are_places_in_the_vocabulary_padded_with_zero():
    tokens = captions.tokenize(["A red, RED cat!", "", "dog's unknown"], ("", "a", "cat", "dog's", "red"))
    assert tokens.tolist() == [[1, 4, 4, 2], [0, 0, 0, 0], [3, 0, 0, 0]]
    assert tokens.dtype == torch.int64


def test_tokens_are_cut_at_the_longest():
    assert captions.tokenize(["a a a a"], ("", "a"), longest=3).shape == (1, 3)
    assert captions.tokenize(["", ""], ("", "a")).shape == (2, 1)


def test_the_vocabulary_is_the_most_frequent_words():
    written = ["the cat", "the dog", "the bird and a cat"]
    assert captions.build_vocabulary(written, 4) == ("", "the", "cat", "a", "and")
