"""Which images are measured: always the same, mixed over the classes, and views that disturb no other generator."""

import torch

from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data import catalog, probe_set
from simssl_core.data.probe_set import Plan
from simssl_core.data.types import Split
from simssl_core.data.view_maker import make_views

DATASET = catalog.load(DataConfig(name="sprites", train=200, test=150))
VIEWS = make_views(DATASET, ViewConfig())


def sorted_split(labels):
    return Split(torch.zeros(len(labels), 1, 4, 4, dtype=torch.uint8), torch.tensor(labels))


def test_places_are_nested_fixed_and_mixed():
    few, many = probe_set.fixed_places(1000, 100), probe_set.fixed_places(1000, 300)
    assert torch.equal(few, many[:100])
    assert len(many.unique()) == 300
    assert sorted(probe_set.fixed_places(50, 90).tolist()) == list(range(50))
    by_class = torch.arange(1000) // 100  # a folder of images, sorted by class
    assert len(by_class[few].unique()) == 10


def test_clouds_take_the_classes_in_turn():
    split = sorted_split([0] * 60 + [1] * 30 + [2] * 10)
    plan = Plan(map_points=100, clouds=7)
    assert split.labels[plan.cloud_places(split)].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert set(plan.cloud_places(split).tolist()) <= set(plan.map_places(split).tolist())


def test_clouds_of_unlabelled_data():
    split = sorted_split([-1] * 30)
    assert len(Plan(clouds=5).cloud_places(split).unique()) == 5
    mixed = sorted_split([-1] * 20 + [0] * 5 + [1] * 5)
    assert sorted(mixed.labels[Plan(clouds=3).cloud_places(mixed)].tolist()) == [-1, 0, 1]


def test_views_are_the_same_each_time_and_disturb_nothing():
    before = torch.get_rng_state()
    first = list(probe_set.draw_views(DATASET, VIEWS, torch.arange(10), 3, seed=4))
    again = list(probe_set.draw_views(DATASET, VIEWS, torch.arange(10), 3, seed=4))
    other = list(probe_set.draw_views(DATASET, VIEWS, torch.arange(10), 3, seed=5))
    assert torch.equal(first[0].images, again[0].images)
    assert not torch.equal(first[0].images, other[0].images)
    assert torch.equal(before, torch.get_rng_state())


def test_batches_are_bounded():
    plan = Plan(share_data=150, share_views=4, clouds=40, cloud_views=20)
    for drawn in (probe_set.share_views, probe_set.cloud_views):
        pieces = list(drawn(DATASET, VIEWS, plan, 0))
        assert max(p.images.shape[0] * p.images.shape[1] for p in pieces) <= probe_set.BATCH
    assert sum(len(p.index) for p in probe_set.share_views(DATASET, VIEWS, plan, 0)) == 150
