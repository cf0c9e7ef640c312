"""A memory decoder is kept with its run, fits only the weights it was learnt on, and travels in the zip."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from simssl_core.analysis import memory_decoders, reconstructions
from simssl_core.errors import CheckpointError
from simssl_core.library import archive
from simssl_core.storage.checkpoints import read_objective, write_run
from tests.small_runs import small_runs

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "digits", ["vae", "simclr"], points=100)
    list(memory_decoders.learn(root / "small-simclr", seconds=60, steps=60))
    return root


@pytest.fixture
def folder(shelf, tmp_path):
    return shutil.copytree(shelf / "small-simclr", tmp_path / "small-simclr")


def go_on_training(folder):
    objective, record = read_objective(folder)
    with_more = objective.requires_grad_(False)
    next(with_more.parameters()).add_(0.5)
    write_run(folder, record, with_more)


def test_it_is_learnt_once_and_draws_again_what_it_drew(folder):
    said = memory_decoders.memory_info(folder)
    assert memory_decoders.memory_status(folder) == "ready" and said.step == 0 and 0 < said.loss < 1
    z = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    import torch

    first, again = (memory_decoders.open_memory(folder).pictures(torch.from_numpy(z)) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (4, 1, 8, 8) and 0 <= first.min() <= first.max() <= 1
    assert (folder / memory_decoders.FILE).stat().st_size < 1_000_000


def test_half_precision_does_not_show(shelf):
    import torch

    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.latent import memory_decoder

    run = open_trained_run(shelf / "small-simclr")
    exact = memory_decoders.build(run.record)
    list(memory_decoder.learn(exact, run.objective.encode, run.dataset, run.view_maker, 60, 60))
    z = torch.randn(16, 12, generator=torch.Generator().manual_seed(0))
    kept = memory_decoders.open_memory(shelf / "small-simclr")
    assert (exact.pictures(z) - kept.pictures(z)).abs().max() < 1 / 255


def test_after_further_training_it_is_outdated_until_learnt_again(folder):
    go_on_training(folder)
    assert memory_decoders.memory_status(folder) == "outdated"
    with pytest.raises(CheckpointError, match="earlier weights"):
        memory_decoders.open_memory(folder)
    moments = list(memory_decoders.learn(folder, seconds=30, steps=5))
    assert moments[-1].share == 1.0 and memory_decoders.memory_status(folder) == "ready"


def test_a_run_that_changes_while_it_is_learnt_keeps_none(folder):
    (folder / memory_decoders.FILE).unlink()
    learning = memory_decoders.learn(folder, seconds=30, steps=30)
    next(learning)
    go_on_training(folder)
    with pytest.raises(CheckpointError, match="trained further"):
        list(learning)
    assert memory_decoders.memory_status(folder) == "missing"


@pytest.mark.parametrize("damage", ["cut", "garbage", "foreign", "nan"])
def test_damage_is_told_and_not_drawn(folder, damage):
    from safetensors.torch import load_file, save_file

    path = folder / memory_decoders.FILE
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    if damage == "garbage":
        path.write_bytes(b"not a file of tensors at all")
    if damage == "foreign":
        save_file(load_file(path), path)
    if damage == "nan":
        said = json.dumps({"format": 1, **memory_decoders.memory_info(folder).__dict__})
        save_file({name: value * float("nan") for name, value in load_file(path).items()}, path, {"memory": said})
    assert memory_decoders.memory_status(folder) == ("ready" if damage == "nan" else "damaged")
    with pytest.raises(CheckpointError):
        memory_decoders.open_memory(folder)


def test_another_runs_file_is_not_taken_for_its_own(shelf, tmp_path):
    other = shutil.copytree(shelf / "small-vae", tmp_path / "small-vae")
    shutil.copy(shelf / "small-simclr" / memory_decoders.FILE, other)
    assert memory_decoders.memory_status(other) == "outdated"


def test_the_zip_carries_it_and_it_still_fits(shelf, tmp_path):
    run = archive.from_zip(archive.to_zip("small-simclr", shelf), tmp_path)
    assert memory_decoders.memory_status(tmp_path / run) == "ready"
    memory_decoders.open_memory(tmp_path / run)


def test_what_is_remembered_is_of_the_same_images(shelf):
    images = reconstructions.chosen_images(shelf / "small-simclr", 10)
    drawn = reconstructions.memory_pictures(shelf / "small-simclr", images)
    assert drawn.shape == images.shape == (10, 1, 8, 8) and drawn.dtype == np.uint8
    assert reconstructions.squared_error(images, images) == 0
    mean = np.broadcast_to(images.mean(0, keepdims=True), images.shape)
    assert reconstructions.squared_error(images, drawn) < 1.5 * reconstructions.squared_error(images, mean)
    assert not np.array_equal(reconstructions.chosen_images(shelf / "small-simclr", 10, seed=1), images)


def test_without_one_it_says_so(shelf):
    assert (
        memory_decoders.memory_status(shelf / "small-vae") == "missing"
        and memory_decoders.memory_info(shelf / "small-vae") is None
    )
    with pytest.raises(CheckpointError, match="no memory decoder yet"):
        memory_decoders.open_memory(shelf / "small-vae")
