"""The catalog: what it knows without torch, and what it says of what is not there."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ModelConfig, TrainConfig, ViewConfig
from simssl_core.data import catalog, datasets, view_maker
from simssl_core.data.datasets.base import held_out, subset
from simssl_core.errors import DataError

NAMES = catalog.names()
FOLDER = Path(datasets.__file__).parent


def test_the_catalog_is_told_without_torch():
    code = "import sys; from simssl_core.data import catalog; print(*catalog.names(), 'torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [*NAMES, "False"], "and in the same order in every process"


def test_every_file_that_loads_registers_what_it_loads():
    """The folder is the list: whatever has a ``load`` is in the catalog, and nothing from the start is missing."""
    modules = [
        importlib.import_module(f"{datasets.__name__}.{path.stem}") for path in FOLDER.iterdir() if path.stem[0] != "_"
    ]
    loaders = {module.load for module in modules if hasattr(module, "load")}
    assert loaders == {catalog.info(name).load for name in NAMES} and len(loaders) >= 8
    assert len(NAMES) >= 9 and len({catalog.info(name).title for name in NAMES}) == len(NAMES)


def test_the_default_comes_first_and_ones_own_files_last():
    assert NAMES[0] == DataConfig().name
    own = [catalog.info(name).own_files for name in NAMES]
    assert own == sorted(own) and any(own)
    assert catalog.ordered(["yours", "folder", "mnist", NAMES[0], "another", "mnist"]) == [
        NAMES[0],
        "mnist",
        "folder",
        "another",
        "yours",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_fit_together(name):
    about = catalog.info(name)
    assert bool(about.factors) == about.procedural and (about.content in about.factors or not about.procedural)
    assert about.own_files == (about.shape == (0, 0, 0)) and about.own_files == (about.classes == 0)
    assert not (about.procedural and not about.made_here), "what is drawn is drawn here"
    assert about.digit_margin is None or (about.shape[0] == 1 and 0 <= about.digit_margin < 0.5)
    if about.procedural:
        drawing = about.drawing()
        assert tuple(factor.name for factor in drawing.factors) == about.factors
        content = next(factor for factor in drawing.factors if factor.name == about.content)
        assert content.classes == about.class_names
        assert set(about.views["shared"]) <= set(about.factors)
        assert about.caption_words is None or about.caption_words(about.factors)


@pytest.mark.parametrize("name", NAMES)
def test_recommended_and_published_settings_are_valid(name):
    about = catalog.info(name)
    assert about.name == name and about.title and about.description.endswith(".")
    kinds = {"views": ViewConfig, "model": ModelConfig, "train": TrainConfig}
    for part, kind in kinds.items():
        kind(**getattr(about, part))
        kind(**about.published.get(part, {}))
    assert (about.likelihood == "bernoulli") == about.views.get("binarise", False)


@pytest.mark.parametrize("name", [name for name in NAMES if not catalog.info(name).own_files])
def test_what_is_told_is_what_is_loaded(name):
    about = catalog.info(name)
    try:
        dataset = catalog.load(DataConfig(name=name, train=70, test=64))
    except DataError as error:
        assert not about.made_here, "what is made here can always be loaded"
        pytest.skip(str(error))
    assert dataset.shape == about.shape and len(dataset.classes) == about.classes
    assert dataset.classes == about.class_names or not about.class_names
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
