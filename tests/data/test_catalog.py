"""The catalog: what it knows without torch, and what it says of what is not there."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ModelConfig, TrainConfig, ViewConfig
from simssl_core.data import catalog, view_maker
from simssl_core.data.datasets.base import held_out, subset
from simssl_core.errors import DataError

NAMES = ("sprites", "digits", "mnist", "fashion_mnist", "cifar10", "celeba", "coil20", "folder", "parquet")


def test_the_catalog_is_told_without_torch():
    code = "import sys; from simssl_core.data import catalog; catalog.info('mnist'); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_names():
    assert catalog.names() == NAMES
    assert set(catalog.LOADERS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_recommended_and_published_settings_are_valid(name):
    about = catalog.info(name)
    assert about.name == name and about.title and about.description.endswith(".")
    kinds = {"views": ViewConfig, "model": ModelConfig, "train": TrainConfig}
    for part, kind in kinds.items():
        kind(**getattr(about, part))
        kind(**about.published.get(part, {}))
    assert (about.likelihood == "bernoulli") == about.views.get("binarise", False)


@pytest.mark.parametrize("name", ["sprites", "digits"])
def test_what_is_told_is_what_is_loaded(name):
    about, dataset = catalog.info(name), catalog.load(DataConfig(name=name, train=70, test=64))
    assert dataset.shape == about.shape and len(dataset.classes) == about.classes
    for split in (dataset.train, dataset.test):
        assert split.images.dtype == torch.uint8 and split.labels.dtype == torch.int64
        assert tuple(split.images.shape[1:]) == about.shape and len(split.labels) == len(split)
        assert set(split.factors) == {f.name for f in dataset.factors}
        assert all(v.dtype == torch.float32 and v.shape == (len(split),) for v in split.factors.values())
    assert (len(dataset.train), len(dataset.test)) == (70, 64)


@pytest.mark.parametrize(
    ("name", "hint"), [("sprite", "Did you mean 'sprites'"), ("imagenet", "Known: sprites"), ("", "Known")]
)
def test_unknown_names(name, hint):
    with pytest.raises(DataError, match=hint):
        catalog.info(name)
    with pytest.raises(DataError, match=hint):
        catalog.load(DataConfig(name=name))


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    dataset = catalog.load(DataConfig(name="digits"))
    theirs = load_digits()
    known = {tuple(image.astype(int).ravel()): label for image, label in zip(theirs.images, theirs.target, strict=True)}
    assert len(dataset.train) + len(dataset.test) == len(theirs.images)
    for split in (dataset.train, dataset.test):
        grey = np.rint(split.images[:, 0].numpy() / (255 / 16)).astype(int)
        assert [known[tuple(image.ravel())] for image in grey] == split.labels.tolist()


def test_rows_are_drawn_by_the_seed():
    assert subset(10, 20, 0).tolist() == list(range(10))
    drawn = subset(1000, 100, 3)
    assert len(set(drawn.tolist())) == 100 and drawn.tolist() == sorted(drawn.tolist()) == subset(1000, 100, 3).tolist()
    train, test = held_out(1000, DataConfig(train=500, test=100))
    assert len(train) == 500 and len(test) == 100 and not set(train) & set(test)


@pytest.mark.gpu
def test_everything_stays_on_the_device():
    dataset = catalog.load(DataConfig(train=100, test=64), "cuda")
    views = view_maker.make_views(dataset, ViewConfig())
    index, generator = torch.arange(8, device="cuda"), torch.Generator("cuda").manual_seed(0)
    made = views(dataset.train, index, generator)
    assert all(t.is_cuda for t in (made.images, made.tokens, made.labels, *made.factors.values()))
    same = catalog.load(DataConfig(train=100, test=64))
    assert (dataset.train.images.cpu().int() - same.train.images.int()).abs().max() <= 1
