"""The outlines and their distances, against closed forms."""

import numpy as np
import pytest

from simssl_core.data.datasets.sprites import shapes


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(-2, 2, (2_000, 2))


def test_a_fine_polygon_has_the_distances_of_a_disc(points):
    circle = shapes.arc((0.3, -0.2), 0.7, 0, 360, 721)[:-1]
    expected = np.hypot(*(points - [0.3, -0.2]).T) - 0.7
    assert np.abs(shapes.signed_distance(points, circle) - expected).max() < 1e-4


def test_a_rectangle_has_its_closed_form(points):
    half = np.array([0.9, 0.4])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    beyond = np.abs(points) - half
    expected = np.hypot(*np.maximum(beyond, 0).T) + np.minimum(beyond.max(1), 0)
    assert shapes.signed_distance(points, corners) == pytest.approx(expected, abs=1e-12)


def test_the_way_round_does_not_matter(points):
    outline = shapes.outline("fish")
    assert shapes.signed_distance(points, outline[::-1]) == pytest.approx(shapes.signed_distance(points, outline))


@pytest.mark.parametrize("name", shapes.NAMES)
def test_outlines_are_centred_and_fill_the_unit_disc(name):
    line = np.linspace(-1.2, 1.2, 200)
    at = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    outline = shapes.outline(name)
    inside = at[shapes.signed_distance(at, outline) < 0]
    assert np.abs(inside.mean(0)).max() < 0.01, "centre of area"
    assert 0.99 < np.hypot(*outline.T).max() <= 1 + 1e-9
    assert len(inside) * (line[1] - line[0]) ** 2 > 0.4, "too thin to be seen at 32 pixels"


@pytest.mark.parametrize("name", shapes.NAMES)
def test_no_shape_looks_the_same_after_a_turn(name):
    line = np.linspace(-1, 1, 60)
    at = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    outline = shapes.outline(name)
    still = shapes.signed_distance(at, outline) < 0
    for angle in np.radians(np.arange(30, 360, 30)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = shapes.signed_distance(at @ turn, outline) < 0
        overlap = (still & turned).sum() / (still | turned).sum()
        assert overlap < 0.9, f"{np.degrees(angle):.0f} degrees"


def test_the_shapes_differ_from_each_other():
    tiles = shapes.atlas(64, 1.3).reshape(len(shapes.NAMES), 64, 64) < 0
    for a in range(len(tiles)):
        for b in range(a):
            overlap = (tiles[a] & tiles[b]).sum() / (tiles[a] | tiles[b]).sum()
            assert overlap < 0.8, (shapes.NAMES[a], shapes.NAMES[b])


def test_the_atlas_is_the_distance_with_up_at_the_top():
    tile = shapes.atlas(33, 1.3)[shapes.NAMES.index("arrow") * 33 :][:33]
    line = np.linspace(-1.3, 1.3, 33)
    expected = shapes.signed_distance(np.array([[line[20], -line[4]]]), shapes.outline("arrow"))
    assert tile[4, 20] == pytest.approx(expected[0], abs=1e-6)
