"""Layouts laid onto each other: rotations and mirrorings are undone, size is kept."""

import numpy as np
import pytest
from scipy.spatial import procrustes

from simssl_core.latent.projection import aligned, fits, rotation_onto

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)


def turned(layout, angle=1.0, mirror=True, scale=1.0, shift=(3.0, -2.0)):
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.array([[c, -s], [s, c]]) @ np.diag([-1 if mirror else 1, 1])
    return scale * layout @ matrix + shift


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.2, 7.0])
def test_a_turned_layout_comes_back(mirror, scale):
    layout = RNG.normal(size=(50, 2)) * [2, 1] + 5
    np.testing.assert_allclose(aligned(turned(layout, mirror=mirror, scale=scale), layout, True), layout, atol=1e-4)


def test_without_same_size_the_units_stay():
    layout = RNG.normal(size=(50, 3))
    np.testing.assert_allclose(aligned(layout * 4, layout), (layout - layout.mean(0)) * 4 + layout.mean(0), atol=1e-5)


def test_it_is_the_best_rotation():
    a, b = RNG.normal(size=(40, 2)), RNG.normal(size=(40, 2))
    a, b = a - a.mean(0), b - b.mean(0)
    best = rotation_onto(a, b)
    np.testing.assert_allclose(best @ best.T, np.eye(2), atol=1e-12)
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    similarity = np.trace((unit_a @ best).T @ unit_b)
    assert 1 - similarity**2 == pytest.approx(procrustes(b, a)[2])  # SciPy's disparity, at its best scale


def test_a_map_does_not_dwindle_over_many_frames():
    layout = start = RNG.normal(size=(60, 2)).astype(np.float32)
    for _ in range(50):
        layout = aligned(RNG.normal(size=(60, 2)), layout, same_size=True)  # points that have nothing in common
    assert layout.std() == pytest.approx(start.std(), rel=0.05)


def test_usable_layouts():
    good = RNG.normal(size=(5, 2))
    assert fits(good, 5, 2)
    for bad in (None, good[:4], good[:, :1], np.full((5, 2), 2.0), np.where(good > 0, np.nan, good)):
        assert not fits(bad, 5, 2)
