"""Synthetic features with planted, hence known, content and style."""

import math

import numpy as np

from simssl_core.data.types import Factor
from simssl_core.evaluation.features import Features

STYLE = (
    Factor("x", "continuous", -1, 1),
    Factor("hue", "circular", 0, 2 * math.pi),
    Factor("flip", "discrete", 0, 1, ("no", "yes")),
)


def blobs(count=600, width=8, classes=5, distance=1.5, seed=0):
    """Return overlapping Gaussian classes with correlated features: train, train labels, test, test labels."""
    rng = np.random.default_rng(seed)
    centres, mix = rng.normal(size=(classes, width)) * distance, rng.normal(size=(width, width))
    labels = rng.integers(0, classes, 2 * count)
    points = ((centres[labels] + rng.normal(size=(2 * count, width))) @ mix).astype(np.float32)
    return points[:count], labels[:count], points[count:], labels[count:]


def features(
    style=1.0,
    content=1.0,
    warp=False,
    seed=0,
    classes=4,
    count=400,
    data=128,
    views=4,
    width=12,
    noise=0.01,
    draw_seed=None,
):
    """Return features that contain the class with strength ``content`` and each factor of ``STYLE`` with ``style``.

    Strength 0 means absent. Both are mixed by a random matrix and, with ``warp``, by an invertible non-linear map, and
    ``noise`` is added. ``seed`` determines the encoder; ``draw_seed`` draws other data for the same encoder.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 4)) * 2
    mix = rng.normal(size=(8, width)) / 3
    rng = rng if draw_seed is None else np.random.default_rng([seed, draw_seed])
    labels_by_part = {
        name: rng.integers(0, classes, n) for name, n in (("train", count), ("test", count), ("views", data))
    }

    def encode(labels, drawn):
        style_columns = [drawn["x"], np.sin(drawn["hue"]), np.cos(drawn["hue"]), drawn["flip"] - 0.5]
        hidden = np.concatenate([content * centres[labels], style * np.stack(style_columns, -1)], -1) @ mix
        hidden = np.sinh(hidden) if warp else hidden
        return (hidden + noise * rng.normal(size=hidden.shape)).astype(np.float32)

    def draw(*shape):
        return {
            "x": rng.uniform(-1, 1, shape),
            "hue": rng.uniform(0, 2 * math.pi, shape),
            "flip": rng.integers(0, 2, shape).astype(float),
        }

    train_style, test_style, view_style = draw(count), draw(count), draw(views, data)
    rows = {
        "train": encode(labels_by_part["train"], train_style),
        "test": encode(labels_by_part["test"], test_style),
        "views": encode(np.broadcast_to(labels_by_part["views"], (views, data)), view_style),
    }
    return Features(
        train=rows["train"],
        train_labels=labels_by_part["train"],
        test=rows["test"],
        test_labels=labels_by_part["test"],
        views=rows["views"],
        view_labels=labels_by_part["views"],
        map=rows["test"][:100],
        factors=STYLE,
        true_factors=STYLE,
        view_factors=view_style,
        train_factors=train_style,
        test_factors=test_style,
    )
