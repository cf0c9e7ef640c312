"""The layer profile shows where a head drops style."""

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ModelConfig, ViewConfig
from simssl_core.data import catalog
from simssl_core.data.view_maker import make_views
from simssl_core.evaluation.features import Plan, collect
from simssl_core.evaluation.layers import collect_layers, layer_scores
from simssl_core.objectives import build
from simssl_core.objectives.base import Context

pytestmark = pytest.mark.filterwarnings("error")

PLAN = Plan(probe_images=150, map_points=100, clouds=2, cloud_views=2, share_data=100, share_views=3)
DATASET = catalog.load(DataConfig(name="sprites", train=200, test=200))
VIEWS = make_views(DATASET, ViewConfig())


def colours(images):
    """A backbone of two numbers for each channel, and a head that keeps the first channel only."""
    mean, top = images.mean((2, 3)), images.amax((2, 3))
    return {"backbone": torch.cat([mean, top], 1), "output": mean[:, :1]}


def test_a_layer_is_the_same_as_encoding_it_alone():
    profile = collect_layers(colours, DATASET, VIEWS, PLAN)
    alone = collect(lambda images: colours(images)["output"], DATASET, VIEWS, PLAN)
    assert list(profile) == ["backbone", "output"]
    for part in ("train", "test", "views", "map"):
        np.testing.assert_array_equal(getattr(profile["output"], part), getattr(alone, part))
    assert profile["backbone"].width == 6 and profile["backbone"].test_labels is profile["output"].test_labels


def test_the_profile_shows_style_that_a_layer_drops():
    scores = layer_scores(collect_layers(colours, DATASET, VIEWS, PLAN))
    assert scores["backbone"]["style_r2"] > scores["output"]["style_r2"] + 0.08
    assert scores["backbone"]["effective_rank"] > scores["output"]["effective_rank"] == pytest.approx(1)


@pytest.mark.parametrize("name", ["simclr", "vicreg", "vae"])
def test_objectives_have_a_profile(name):
    context = Context(model=ModelConfig(width=8, channels=8), shape=DATASET.shape, data_size=200, classes=10)
    objective = build(name, {}, context).eval()
    with torch.no_grad():
        profile = layer_scores(collect_layers(objective.layers, DATASET, VIEWS, PLAN))
    assert list(profile)[:2] == ["backbone", "representation"]
    assert ("projection" in profile) == (name != "vae")
    assert profile["representation"]["width"] == 8
    assert all(np.isfinite(value) for scores in profile.values() for value in scores.values())
