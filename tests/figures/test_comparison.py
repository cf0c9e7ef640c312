"""Figures of a comparison: numbers in the right places, in their objective's colour; a self-contained report."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from simssl_core.figures import comparison, report, theme
from simssl_core.figures.content_style import content_style
from simssl_core.figures.pictures import png

TITLES, OBJECTIVES = ["a", "b"], ["simvae", "simclr"]


def test_error_bars_are_drawn_for_runs_with_an_error():
    figure = content_style([0.2, 0.9], [0.7, 0.1], OBJECTIVES, TITLES, errors=([0.01, math.nan], [0.02, math.nan]))
    simvae, simclr = figure.data
    assert list(simvae.error_x.array) == [0.01] and list(simvae.error_y.array) == [0.02]
    assert simclr.error_x.array is None


def test_names_of_points_close_together_do_not_overlap():
    figure = content_style([0.5, 0.51, 0.9], [0.5, 0.5, 0.5], ["vae", "simvae", "simclr"], ["a", "b", "c"])
    places = [trace.textposition[0] for trace in figure.data]
    assert places[0] != places[1] and places[2] == places[0]


def test_a_name_without_room_is_left_out_and_none_leaves_the_figure():
    figure = content_style([1.0] * 7, [0.02] * 7, ["simclr"] * 7, list("abcdefg"))
    (trace,) = figure.data
    named = [place for place, text in zip(trace.textposition, trace.text, strict=True) if text]
    assert len(trace.x) == 7 and 1 <= len(named) < 7
    assert "middle right" not in named and "bottom center" not in named, "the figure ends there"
    apart = content_style([0.1, 0.5, 0.9], [0.2, 0.5, 0.8], ["vae", "simvae", "simclr"], list("abc"))
    assert all(trace.text[0] for trace in apart.data)


def test_the_radar_closes_its_lines_and_keeps_them_between_0_and_1():
    figure = comparison.radar(["x", "y", "hue"], TITLES, OBJECTIVES, [[0.1, -0.4, 0.3], [1.2, math.nan, 0.5]])
    assert list(figure.data[0].r) == [0.1, 0.0, 0.3, 0.1] and figure.data[0].theta[0] == figure.data[0].theta[-1]
    assert list(figure.data[1].r) == [1.0, None, 0.5, 1.0]
    assert figure.data[1].line.color == theme.objective_colour("simclr")


def test_layers_stand_in_order_and_the_end_of_the_head_is_last():
    content = [{"backbone": 0.5, "representation": 0.4}, {"backbone": 0.9, "representation": 0.9, "projection": 0.8}]
    figure = comparison.layer_profile(TITLES, OBJECTIVES, content, content)
    assert list(figure.layout.xaxis.categoryarray) == ["backbone", "representation", "projection"]
    assert [len(trace.y) for trace in figure.data] == [2, 3, 2, 3]
    assert [trace.xaxis for trace in figure.data] == ["x", "x", "x2", "x2"]


def test_the_spectrum_is_logarithmic_and_names_the_rank():
    figure = comparison.spectra(TITLES, OBJECTIVES, [[1.0, 0.5], [1.0, 0.0]], [1.9, 1.0])
    assert figure.layout.yaxis.type == "log" and min(figure.data[1].y) > 0
    assert figure.data[0].name == "a: 1.9 of 2"


def test_information_is_drawn_with_its_ceiling_and_is_never_negative():
    figure = comparison.information(TITLES, OBJECTIVES, [1.5, -0.2], [6.2, 6.2], [3.0, 0.1])
    bar, ceiling, gaussian = figure.data
    assert list(bar.x) == [1.5, 0.0] and list(ceiling.x) == [6.2, 6.2] and list(gaussian.x) == [3.0, 0.1]


def test_the_bound_is_the_sum_of_its_parts():
    parts = [{"reconstruct": 70.0, "entropy": -26.0, "prior": -21.0}]
    figure = comparison.bounds(["a"], parts, [2.0])
    assert figure.data[-1].x[0] == 23.0 and figure.data[-1].error_x.array[0] == 2.0
    assert [t.marker.color for t in figure.data[:3]] == [theme.ROLE_COLOURS[r] for r in ("reconstruct", "push", "pull")]


def test_a_second_run_of_an_objective_is_dashed():
    assert comparison.dashes(["vae", "simvae", "vae"]) == ["solid", "solid", "dash"]


@pytest.fixture(scope="module")
def page():
    picture = png(np.zeros((4, 8, 3), np.uint8))
    panels = [
        report.Panel("one", "A <figure>", "See & believe", comparison.spectra(TITLES, OBJECTIVES, [[1.0]] * 2, [1, 1])),
        report.Panel("two", "A table", "Numbers", table=pd.DataFrame({"run": ["<b>a</b>"], "linear": [0.5]})),
        report.Panel("three", "Strips", "Pictures", pictures=[("image", picture)]),
    ]
    return report.report("Comparison", "of two", panels)


def test_the_report_loads_nothing_from_anywhere(page):
    outside = re.sub(r"<script[\s>].*?</script>", "", page, flags=re.S)
    assert not re.search(r"https?://", outside)
    assert not re.search(r"<link|@import|url\(", outside) and not re.search(r"<script[^>]*\ssrc=", page)
    assert "default-src 'none'" in outside and "connect-src 'none'" in outside
    assert "data:image/png;base64," in outside and "Plotly.newPlot" in page


def test_the_report_shows_text_as_text(page):
    assert "A &lt;figure&gt;" in page and "See &amp; believe" in page and "&lt;b&gt;a&lt;/b&gt;" in page
