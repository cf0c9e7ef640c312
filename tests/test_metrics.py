"""The rows of all scores: text and code say the same, every score has one, and chance, order and titles follow."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from pages.shared import glossary
from simssl_core import metrics
from simssl_core.evaluation.scores import score
from simssl_core.evaluation.zero_shot import caption_scores
from tests.evaluation.planted import features

ROOT = Path(__file__).parents[1]


def test_what_is_read_as_text_is_what_is_imported():
    """The decorator refuses a row that differs from the one that was read."""
    for row in metrics.rows():
        if row.module:
            module = importlib.import_module(row.module)
            function = metrics.function(row.name)
            assert function.__module__ == row.module and getattr(module, function.__name__) is function


def test_every_score_is_declared_within_its_range():
    for name, value in score(features(), full=True).items():
        row = metrics.get(name)
        assert row is not None and row.source == "features", name
        assert row.low is None or value >= row.low, name
        assert row.high is None or value <= row.high, name


def test_scores_come_in_the_order_of_tables():
    names = list(score(features(), full=True))
    assert names == metrics.ordered(names)
    assert names[:4] == ["linear", "knn", "knn_euclidean", "mlp"] and names[-1] == "factor_accuracy:flip"
    assert metrics.ordered(["unheard_of", "style:b", "style:a", "linear"])[1:] == ["style:b", "style:a", "unheard_of"]


def test_all_that_the_objective_is_asked_is_declared_above_what_asks_it():
    rows = [row for row in metrics.rows() if row.source == "objective"]
    assert {row.name for row in rows} == {"zero_shot", "caption_of_image", "image_of_caption"}
    assert all(metrics.function(row.name) is caption_scores for row in rows)


def test_whatever_a_table_shows_is_explained():
    for row in metrics.rows():
        if row.tables:
            assert glossary.of_score(row.name), row.name
        assert not row.term or row.term in glossary.terms(), row.name


@pytest.mark.parametrize(
    ("name", "classes", "level"),
    [
        ("linear", 10, 0.1),
        ("linear", 0, None),
        ("linear", 1, None),
        ("nmi", 10, 0.0),
        ("style:x", 0, 0.0),
        ("style:hflip", 2, 0.5),
        ("effective_rank", 10, None),
        ("unheard_of", 10, None),
    ],
)
def test_chance(name, classes, level):
    assert metrics.chance(name, classes) == level


def test_each_of_content_style_and_geometry_has_one_headline():
    rows = [(row.family, row.name) for row in metrics.rows() if row.headline]
    assert len({family for family, _ in rows}) == len(rows)
    found = [metrics.headline(family) for family in ("content", "style", "geometry")]
    assert found == ["linear", "style_r2", "effective_rank"]


def test_a_collapse_is_told_below_the_threshold_only():
    assert metrics.signs_of_collapse({"effective_rank": 2.0, "feature_std": 1e-3, "linear": 0.0}) == []
    both = metrics.signs_of_collapse({"effective_rank": 1.25, "feature_std": 2e-4})
    assert both == ["its effective rank is 1.2", "its features spread by only 0.0002"]


@pytest.mark.parametrize(
    ("name", "title", "short", "column"),
    [
        ("linear", "Content: linear probe, accuracy", "Linear probe, accuracy", "linear"),
        ("style:crop_x", "Style: crop x", "Crop x", "crop_x"),
        ("nmi", "Clusters: NMI", "Clusters: NMI", "NMI"),
        ("style_share", "Style share of the variance", "Style share of the variance", "style share"),
        ("unheard_of", "Unheard of", "Unheard of", "unheard_of"),
    ],
)
def test_words(name, title, short, column):
    assert (metrics.title(name), metrics.short(name), metrics.column(name)) == (title, short, column)


def test_reading_them_needs_no_torch():
    code = "import sys; from simssl_core import metrics; metrics.rows(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False"], done.stderr
