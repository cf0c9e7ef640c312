"""The one measurement: all ways of calling it give the same scores, and a failure keeps what was measured before."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ModelConfig, ViewConfig
from simssl_core.data import catalog
from simssl_core.data.view_maker import make_views
from simssl_core.errors import ShapeError
from simssl_core.evaluation.features import Plan, collect, draw
from simssl_core.evaluation.layers import layer_scores
from simssl_core.evaluation.measurement import Encodings, encode, measure
from simssl_core.evaluation.scores import score
from simssl_core.evaluation.zero_shot import caption_scores
from simssl_core.objectives import build
from simssl_core.objectives.base import Context
from tests.evaluation.planted import features

PLAN = Plan(probe_images=80, map_points=10, clouds=1, cloud_views=2, share_data=40, share_views=3, full=True)
DATASET = catalog.load(DataConfig(name="sprites", train=120, test=90))
VIEWS = make_views(DATASET, ViewConfig())


@pytest.fixture(scope="module")
def clip():
    context = Context(
        model=ModelConfig(width=8, channels=8),
        shape=DATASET.shape,
        data_size=120,
        classes=len(DATASET.classes),
        vocabulary=tuple(DATASET.vocabulary),
    )
    return build("clip", {}, context).eval()


def last(encodings, **how):
    *_, stage = measure(encodings, **how)
    return stage.measurement


def test_encoding_layers_does_not_change_the_scores(clip):
    with torch.no_grad():
        plain = encode(clip, DATASET, VIEWS, PLAN, draw(DATASET, VIEWS, PLAN))
        profile = encode(clip, DATASET, VIEWS, PLAN, layers=True)
        alone = collect(clip.encode, DATASET, VIEWS, PLAN)
        captions = caption_scores(clip, DATASET, VIEWS)
    for field in fields(alone):
        mine, theirs = getattr(plain.features, field.name), getattr(profile.features, field.name)
        np.testing.assert_equal(mine, getattr(alone, field.name))
        np.testing.assert_equal(theirs, mine)
    assert not plain.layers and {"backbone", "representation"} <= set(profile.layers)
    expected = score(alone, full=True) | captions
    assert "zero_shot" in expected
    assert last(plain).scores == last(profile).scores == last(profile, intervals=True).scores == expected


def test_a_quick_plan_measures_no_captions(clip):
    with torch.no_grad():
        encodings = encode(clip, DATASET, VIEWS, Plan(probe_images=80, map_points=10, share_data=40))
    assert encodings.captions == {} and not encodings.full
    assert last(encodings).scores == score(encodings.features)


def test_only_what_is_asked_for_is_measured():
    planted = features(data=60, count=200)
    quick = last(Encodings(planted))
    assert quick.intervals is None and not quick.spectrum and not quick.layers
    sure = last(Encodings(planted), intervals=True)
    assert sure.scores == quick.scores and (sure.train, sure.test) == (len(planted.train), len(planted.test))
    assert set(sure.intervals) <= set(sure.scores) and {"linear", "style_r2"} <= set(sure.intervals)
    assert sure.spectrum[0] == 1.0 and list(sure.spectrum) == sorted(sure.spectrum, reverse=True)


def test_the_layer_profile_takes_the_first_images_and_all_views():
    from dataclasses import replace

    planted = features(data=60, count=200)
    profile = last(Encodings(planted, layers={"representation": planted}), layer_images=90).layers
    cut = {name: getattr(planted, name)[:90] for name in ("train", "train_labels", "test", "test_labels")}
    assert profile == layer_scores({"representation": replace(planted, **cut)})
    assert profile != layer_scores({"representation": planted}), "the number of images matters"


def test_shares_rise_and_a_later_failure_keeps_what_was_measured():
    planted = features(data=60, count=200)
    stages = list(measure(Encodings(planted, layers={"representation": planted}), intervals=True))
    shares = [stage.share for stage in stages]
    assert shares == sorted(set(shares)) and shares[0] == 0.0 and shares[-1] == 1.0
    seen = []
    with pytest.raises(AttributeError):
        for stage in measure(Encodings(planted, layers={"broken": object()})):
            seen.append(stage)
    assert seen[-1].task == "layer by layer" and seen[-1].measurement.scores == score(planted)


def test_features_of_a_diverged_encoder_are_refused():
    planted = features(data=60, count=200)
    planted.views[0, 0, 0] = np.nan
    with pytest.raises(ShapeError, match="views features"):
        last(Encodings(planted))
