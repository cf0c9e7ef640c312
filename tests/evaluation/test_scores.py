"""All scores together: they reflect the planted content and style, and undefined ones are left out."""

import dataclasses
import math

import numpy as np
import pytest

from simssl_core import metrics
from simssl_core.errors import ShapeError
from simssl_core.evaluation.scores import score
from tests.evaluation.planted import features

pytestmark = pytest.mark.filterwarnings("error")

LIVE = {"linear", "knn", "style_r2", "style_share", "effective_rank", "feature_std", "alignment", "uniformity"}
FULL = {"knn_euclidean", "mlp", "cluster_acc", "nmi", "ari", "silhouette", "within_between"}
MUTUAL = {"mutual_information", "mutual_information_ceiling", "mutual_information_gaussian"}
FULL |= MUTUAL
FACTORS = {f"{kind}:{name}" for kind in ("style", "factor") for name in ("x", "hue", "flip")}
FACTORS |= {"style_accuracy:flip", "factor_accuracy:flip"}


@pytest.mark.parametrize(("full", "names"), [(False, LIVE | FACTORS), (True, LIVE | FACTORS | FULL)])
def test_names_of_scores(full, names):
    numbers = set(score(features(), full=full))
    assert names <= numbers
    added = numbers - names  # a score of its own file needs no line here
    assert not added & FULL and all(metrics.get(name).measured_when(full) for name in added)


def test_all_are_plain_finite_numbers():
    numbers = score(features(), full=True)
    assert all(type(value) is float and math.isfinite(value) for value in numbers.values())


def test_scores_separate_content_from_style():
    both, content, style = features(), features(style=0.0), features(content=0.0)
    a, b, c = score(both), score(content), score(style)
    assert a["linear"] > 0.9 and b["linear"] > 0.9 and c["linear"] < 0.4
    assert a["style_r2"] > 0.9 and b["style_r2"] < 0.05 and c["style_r2"] > 0.9
    assert a["factor:x"] > 0.9 and b["factor:x"] < 0.05 and c["factor:flip"] > 0.9
    assert b["style_share"] < 0.05 < a["style_share"] < 0.9 < c["style_share"]
    assert b["alignment"] < 0.01 < a["alignment"]


def test_scores_hold_under_a_non_linear_mixture():
    numbers = score(features(warp=True), full=True)
    assert numbers["linear"] > 0.85 and numbers["mlp"] > 0.9 and numbers["style_r2"] > 0.6


def test_the_label_is_not_probed_as_a_factor():
    planted = features()
    named = {"train_factors": {"x": planted.train_labels.astype(float)}}
    named["test_factors"] = {"x": planted.test_labels.astype(float)}
    assert "factor:x" not in score(dataclasses.replace(planted, **named))


def test_unlabelled_data_has_no_content_scores():
    planted = features()
    nothing = {n: np.full_like(getattr(planted, n), -1) for n in ("train_labels", "test_labels")}
    numbers = score(dataclasses.replace(planted, **nothing), full=True)
    assert (LIVE | FACTORS | MUTUAL) - {"linear", "knn"} <= set(numbers)
    assert not set(numbers) & ({"linear", "knn"} | (FULL - MUTUAL))


def test_collapsed_features_have_defined_scores():
    planted = features()
    flat = {n: np.full_like(getattr(planted, n), 0.25) for n in ("train", "test", "views")}
    numbers = score(dataclasses.replace(planted, **flat), full=True)
    assert numbers["effective_rank"] == 0 and numbers["feature_std"] == 0
    assert "style_share" not in numbers
    assert numbers["style_r2"] == pytest.approx(0, abs=0.05)
    assert numbers["linear"] < 0.5


@pytest.mark.parametrize("part", ["train", "test", "views", "map"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_features_that_are_not_finite_are_refused(part, bad):
    planted = features()
    broken = getattr(planted, part).copy()
    broken.flat[3] = bad
    with pytest.raises(ShapeError, match=f"{part} features"):
        score(dataclasses.replace(planted, **{part: broken}))


def test_the_same_features_give_the_same_numbers():
    assert score(features(), full=True) == score(features(), full=True)
