"""Directions for the sliders: towards a class, along a factor; planted in made-up representations and found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simssl_core.analysis import sliders
from simssl_core.analysis.gallery import Gallery

pytestmark = pytest.mark.usefixtures("quick")

N = 8_000


@pytest.fixture(scope="module")
def planted():
    """Class along z1 (three of them, far apart), a number along z2, an angle around z3 and z4, noise in z5."""
    draw = np.random.default_rng(0)
    labels, size, angle = draw.integers(0, 3, N), draw.normal(size=N), draw.uniform(-np.pi, np.pi, N)
    z = np.stack([4.0 * labels, 2.0 * size, np.sin(angle), np.cos(angle), draw.normal(size=N)], 1)
    size[:50] = np.nan  # of some nothing is known
    factors = {"size": size, "turn": angle, "none": np.full(N, np.nan), "kind": labels.astype(float)}
    cloud = np.where(np.arange(N) % 2, -1, np.arange(N) // 40)
    images = np.zeros((N, 1, 2, 2), np.uint8)
    return torch.tensor(z, dtype=torch.float32), Gallery(images, labels, ("a", "b", "c"), cloud, True, factors)


DESCRIBED = (
    {"name": "turn", "kind": "circular"},
    {"name": "kind", "kind": "discrete", "classes": ["a", "b", "c"]},
)


def cosine(way: sliders.SliderDirections, name: str, axis: int) -> float:
    return float(way.vectors[way.names.index(name)][axis])


def test_every_planted_direction_is_found(planted):
    z, gallery = planted
    found = sliders.slider_directions(z, None, gallery, DESCRIBED)
    assert list(found) == [sliders.DIMENSIONS, sliders.CLASSES, sliders.FACTORS], "no views: neither style nor content"
    classes, factors = found[sliders.CLASSES], found[sliders.FACTORS]
    assert set(classes.names) == {"a", "c"}, "b lies in the middle of the others: there is no way towards it"
    assert set(factors.names) == {"size", "turn (sine)", "turn (cosine)"}
    assert cosine(classes, "a", 0) < -0.99 and cosine(classes, "c", 0) > 0.99
    assert cosine(factors, "size", 1) > 0.99
    assert cosine(factors, "turn (sine)", 2) > 0.97 and cosine(factors, "turn (cosine)", 3) > 0.97
    assert factors.names[0] == "size" and factors.notes[0].endswith("%")
    along = z @ factors.vectors[0]
    assert float(factors.std[0]) == pytest.approx(float(along.std()), rel=1e-4)
    for some in found.values():
        assert torch.allclose(some.vectors.norm(dim=1), torch.ones(len(some)), atol=1e-5)


def test_without_labels_or_factors_nothing_is_made_up(planted):
    z, gallery = planted
    bare = Gallery(gallery.images, np.full(N, -1), (), gallery.cloud, True)
    assert list(sliders.slider_directions(z, None, bare, ())) == [sliders.DIMENSIONS]


def test_views_bring_style_and_content(planted):
    z, gallery = planted
    views = torch.stack([z, z + torch.tensor([0, 0, 0, 0, 1.0]) * torch.randn(N, 1, generator=torch.manual_seed(0))])
    found = sliders.slider_directions(z, views, gallery, DESCRIBED)
    assert abs(float(found[sliders.STYLE].vectors[0][4])) > 0.99 and found[sliders.STYLE].notes[0] == "100%"
    assert abs(float(found[sliders.CONTENT].vectors[0][0])) > 0.99
