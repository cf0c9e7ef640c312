"""Figures from arrays: places and colours of the points, and one palette for all figures."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from simssl_core import objectives
from simssl_core.figures import theme
from simssl_core.figures.content_style import content_style
from simssl_core.figures.pictures import thumbnail
from simssl_core.objectives import facts


def luminance(colour: str) -> float:
    """WCAG relative luminance of #RRGGBB."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_every_objective_has_a_different_colour():
    colours = [theme.objective_colour(name) for name in objectives.names()]
    assert len(set(colours)) == len(colours)
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in colours)


def test_an_objective_without_a_declared_colour_gets_a_fixed_one_that_differs_from_all_others():
    def rgb(colour: str) -> np.ndarray:
        return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])

    given = [theme.objective_colour(name) for name in objectives.names()]
    made = [theme.objective_colour(f"not-yet-written-{k}") for k in range(50)]
    assert made == [theme.objective_colour(f"not-yet-written-{k}") for k in range(50)]
    assert len(set(made)) == 50 and not set(made) & set(given)
    for colour in made:
        assert min(np.linalg.norm(rgb(colour) - rgb(other)) for other in given) >= facts.APART


@pytest.mark.parametrize("paper", ["#FFFFFF", "#10151C"])
def test_marks_stand_out_on_both_papers(paper):
    back = luminance(paper)
    for colour in (*theme.ROLE_COLOURS.values(), *theme.class_colours(10), theme.AXIS):
        front = luminance(colour)
        ratio = (max(front, back) + 0.05) / (min(front, back) + 0.05)
        assert ratio >= 2.0, f"{colour} on {paper}: {ratio:.2f}"


def test_thumbnail_puts_each_colour_where_its_points_are():
    points = np.array([[-1.0, 1.0]] * 50 + [[1.0, -1.0]] * 50)
    image = np.asarray(Image.open(io.BytesIO(thumbnail(points, np.repeat([0, 1], 50), size=100))).convert("RGBA"))
    assert image.shape == (100, 100, 4)
    for half, colour in ((image[:50, :50], theme.class_colours(2)[0]), (image[50:, 50:], theme.class_colours(2)[1])):
        mean_colour = half[half[..., 3] > 200][:, :3].mean(0)
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(mean_colour - wanted).max() < 40
    assert image[:50, 50:, 3].max() == 0, "nothing is drawn where there is no point"


@pytest.mark.parametrize("count", [0, 1])
def test_thumbnail_of_almost_nothing(count):
    assert thumbnail(np.zeros((count, 2)), np.zeros(count, int))[:4] == b"RIFF"


def test_content_style_draws_every_run_once_in_its_colour():
    figure = content_style([0.2, 0.9, 0.8], [0.7, 0.1, 0.2], ["vae", "simclr", "simclr"], ["a", "b", "c"], chance=0.1)
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn["simclr"].x) == [0.9, 0.8] and list(drawn["simclr"].customdata) == ["b", "c"]
    assert drawn["vae"].marker.color == theme.objective_colour("vae")
    assert figure.layout.shapes[0].x0 == 0.1
