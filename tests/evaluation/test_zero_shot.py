"""Zero-shot and retrieval scores of an objective that knows the label, and of one that always predicts the same."""

import pytest
import torch

from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data import catalog
from simssl_core.data.view_maker import make_views
from simssl_core.evaluation.zero_shot import caption_scores


class Planted:
    """An objective whose similarity of image n and a caption is given by ``table`` (N, words)."""

    needs_captions = True

    def __init__(self, dataset, table):
        self.table, self.images = table, dataset.test.images.float().div(255)

    def similarity(self, images, tokens):
        rows = [(self.images == image).flatten(1).all(1).nonzero()[0, 0] for image in images]
        return self.table[torch.stack(rows)][:, tokens[:, 0] - 1]


@pytest.fixture(scope="module")
def digits():
    dataset = catalog.load(DataConfig(name="digits", train=200, test=100))
    return dataset, make_views(dataset, ViewConfig())


def test_an_objective_that_knows_the_label_scores_one(digits):
    dataset, views = digits
    table = torch.nn.functional.one_hot(dataset.test.labels, 10).float()
    scores = caption_scores(Planted(dataset, table), dataset, views)
    assert scores == {"zero_shot": 1.0, "caption_of_image": 1.0, "image_of_caption": 1.0}


def test_scores_agree_with_counting(digits):
    """Every image is classified as a 3, and image 0 matches every caption best."""
    dataset, views = digits
    table = torch.zeros(len(dataset.test), 10)
    table[:, 3] = 1.0
    table[0] += 1.0
    scores = caption_scores(Planted(dataset, table), dataset, views)
    threes = (dataset.test.labels == 3).double().mean().item()
    assert scores["zero_shot"] == scores["caption_of_image"] == pytest.approx(threes)
    assert scores["image_of_caption"] == pytest.approx(1 / len(dataset.test.labels.unique()))


def test_without_captions_there_are_no_scores(digits):
    dataset, views = digits
    without_captions = Planted(dataset, torch.zeros(100, 10))
    without_captions.needs_captions = False
    assert caption_scores(without_captions, dataset, views) == {}
