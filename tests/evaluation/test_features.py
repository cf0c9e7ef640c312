"""Collected features: the right images in the right order, repeatable, and small enough for a pipe."""

import pickle

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data import catalog
from simssl_core.data.view_maker import make_views
from simssl_core.errors import ShapeError
from simssl_core.evaluation.features import Plan, collect, draw
from simssl_core.evaluation.scores import score

pytestmark = pytest.mark.filterwarnings("error")

PLAN = Plan(probe_images=90, map_points=60, clouds=5, cloud_views=4, share_data=30, share_views=3)


@pytest.fixture(scope="module", params=["sprites", "digits"])
def world(request):
    dataset = catalog.load(DataConfig(name=request.param, train=150, test=120))
    return dataset, make_views(dataset, ViewConfig())


def encode(images):
    """Two numbers that identify an image: its mean, and a weighted sum of its pixels."""
    flat = images.flatten(1)
    return torch.stack([flat.mean(1), (flat * torch.linspace(-1, 1, flat.shape[1])).sum(1)], 1)


def test_rows_belong_to_their_images(world):
    dataset, views = world
    features = collect(encode, dataset, views, PLAN)
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        rows, labels = getattr(features, name), getattr(features, f"{name}_labels")
        places = PLAN.probe_places(split)
        np.testing.assert_allclose(rows, encode(views.plain(split, places)), atol=1e-5)
        np.testing.assert_array_equal(labels, split.labels[places])
        for factor, values in getattr(features, f"{name}_factors").items():
            np.testing.assert_array_equal(values, split.factors[factor][places])


def test_views_belong_to_their_factors(world):
    dataset, views = world
    features, drawn = collect(encode, dataset, views, PLAN), draw(dataset, views, PLAN)
    assert features.views.shape == (3, 30, 2)
    images = torch.cat([v.images for v in drawn.share], 1)
    np.testing.assert_allclose(features.views[2], encode(images[2]), atol=1e-5)
    for name, values in features.view_factors.items():
        np.testing.assert_array_equal(values, torch.cat([v.factors[name] for v in drawn.share], 1))
    assert [f.name for f in features.factors] == list(features.view_factors)
    np.testing.assert_array_equal(features.view_labels, torch.cat([v.labels for v in drawn.share]))


def test_the_map_is_test_images_then_clouds(world):
    dataset, views = world
    features, drawn = collect(encode, dataset, views, PLAN), draw(dataset, views, PLAN)
    assert features.map.shape == (60 + 5 * 4, 2)
    np.testing.assert_array_equal(features.map[:60], features.test[:60])
    clouds = torch.cat([v.images for v in drawn.clouds], 1)  # (V, clouds, C, H, W)
    np.testing.assert_allclose(features.map[60 + 4 : 60 + 8], encode(clouds[:, 1]), atol=1e-5)


def test_it_is_repeatable_and_leaves_the_global_generator_alone(world):
    dataset, views = world
    before = torch.get_rng_state()
    first = collect(encode, dataset, views, PLAN, seed=3)
    again = collect(encode, dataset, views, PLAN, seed=3, drawn=draw(dataset, views, PLAN, seed=3))
    assert torch.equal(before, torch.get_rng_state())
    assert first.views.tobytes() == again.views.tobytes() and first.map.tobytes() == again.map.tobytes()
    assert first.views.tobytes() != collect(encode, dataset, views, PLAN, seed=4).views.tobytes()


def test_it_never_encodes_more_than_512_and_nothing_twice(world):
    dataset, views = world
    sizes = []
    plan = Plan(probe_images=1000, map_points=1000, share_data=120, share_views=6, clouds=16, cloud_views=33)

    def counted(images):
        sizes.append(len(images))
        return encode(images)

    collect(counted, dataset, views, plan)
    assert max(sizes) <= 512
    train, test = len(dataset.train), len(dataset.test)
    assert sum(sizes) == train + test + min(120, test) * 6 + 16 * 33


def test_a_map_larger_than_the_probe(world):
    dataset, views = world
    features = collect(encode, dataset, views, Plan(probe_images=20, map_points=50, clouds=1, cloud_views=2))
    assert len(features.test) == 20 and len(features.map) == 52
    np.testing.assert_array_equal(features.map[:20], features.test)


def test_features_can_be_sent_through_a_pipe(world):
    features = collect(encode, *world, PLAN)
    sent = pickle.dumps(features)
    assert len(sent) < features.nbytes + 5_000
    assert pickle.loads(sent).views.tobytes() == features.views.tobytes()
    kinds = {a.dtype for a in (features.train, features.test, features.views, features.map)}
    assert kinds == {np.dtype(np.float32)} and features.width == 2


def test_an_encoder_with_output_of_the_wrong_shape_is_refused(world):
    with pytest.raises(ShapeError, match=r"\(B, D\)"):
        collect(lambda images: images, *world, PLAN)
    with pytest.raises(ShapeError, match="must be"):
        collect(lambda images: torch.zeros(1, 4), *world, PLAN)


def test_half_precision_is_converted_to_float32(world):
    assert collect(lambda images: encode(images).bfloat16(), *world, PLAN).test.dtype == np.float32


def test_without_views_the_rest_is_measured(world):
    features = collect(encode, *world, Plan(probe_images=40, map_points=20, share_data=0, clouds=0))
    assert features.views.shape == (4, 0, 2) and len(features.map) == 20
    numbers = score(features)
    assert "linear" in numbers and "style_share" not in numbers and "style_r2" not in numbers
