"""A memory decoder is kept with its run, fits only the weights it was learnt on, and travels in the zip."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from simssl_core.errors import CheckpointError
from simssl_core.runs import export, memory, remembering
from simssl_core.training.checkpoints import read_objective, write_run
from tests.pages.small_runs import small_runs


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "digits", ["vae", "simclr"], points=100)
    list(memory.learn(root / "small-simclr", seconds=60, steps=60))
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
    said = memory.about(folder)
    assert memory.state(folder) == "ready" and said.step == 0 and 0 < said.loss < 1
    z = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    import torch

    first, again = (memory.open_memory(folder).pictures(torch.from_numpy(z)) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (4, 1, 8, 8) and 0 <= first.min() <= first.max() <= 1
    assert (folder / memory.FILE).stat().st_size < 1_000_000


def test_half_precision_does_not_show(shelf):
    import torch

    from simssl_core.latent import memory_decoder
    from simssl_core.runs.reopened import reopen

    run = reopen(shelf / "small-simclr")
    exact = memory.build(run.record)
    list(memory_decoder.learn(exact, run.objective.encode, run.dataset, run.views, 60, 60))
    z = torch.randn(16, 12, generator=torch.Generator().manual_seed(0))
    kept = memory.open_memory(shelf / "small-simclr")
    assert (exact.pictures(z) - kept.pictures(z)).abs().max() < 1 / 255


def test_after_further_training_it_is_outdated_until_learnt_again(folder):
    go_on_training(folder)
    assert memory.state(folder) == "outdated"
    with pytest.raises(CheckpointError, match="earlier weights"):
        memory.open_memory(folder)
    moments = list(memory.learn(folder, seconds=30, steps=5))
    assert moments[-1].share == 1.0 and memory.state(folder) == "ready"


def test_a_run_that_changes_while_it_is_learnt_keeps_none(folder):
    (folder / memory.FILE).unlink()
    learning = memory.learn(folder, seconds=30, steps=30)
    next(learning)
    go_on_training(folder)
    with pytest.raises(CheckpointError, match="went on training"):
        list(learning)
    assert memory.state(folder) == "missing"


@pytest.mark.parametrize("damage", ["cut", "garbage", "foreign", "nan"])
def test_damage_is_told_and_not_drawn(folder, damage):
    from safetensors.torch import load_file, save_file

    path = folder / memory.FILE
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    if damage == "garbage":
        path.write_bytes(b"not a file of tensors at all")
    if damage == "foreign":
        save_file(load_file(path), path)
    if damage == "nan":
        said = json.dumps({"format": 1, **memory.about(folder).__dict__})
        save_file({name: value * float("nan") for name, value in load_file(path).items()}, path, {"memory": said})
    assert memory.state(folder) == ("ready" if damage == "nan" else "damaged")
    with pytest.raises(CheckpointError):
        memory.open_memory(folder)


def test_another_runs_file_is_not_taken_for_its_own(shelf, tmp_path):
    other = shutil.copytree(shelf / "small-vae", tmp_path / "small-vae")
    shutil.copy(shelf / "small-simclr" / memory.FILE, other)
    assert memory.state(other) == "outdated"


def test_the_zip_carries_it_and_it_still_fits(shelf, tmp_path):
    run = export.from_zip(export.to_zip("small-simclr", shelf), tmp_path)
    assert memory.state(tmp_path / run) == "ready"
    memory.open_memory(tmp_path / run)


def test_what_is_remembered_is_of_the_same_images(shelf):
    images = remembering.chosen_images(shelf / "small-simclr", 10)
    drawn = remembering.remembered(shelf / "small-simclr", images)
    assert drawn.shape == images.shape == (10, 1, 8, 8) and drawn.dtype == np.uint8
    assert remembering.squared_error(images, images) == 0
    mean = np.broadcast_to(images.mean(0, keepdims=True), images.shape)
    assert remembering.squared_error(images, drawn) < 1.5 * remembering.squared_error(images, mean)
    assert not np.array_equal(remembering.chosen_images(shelf / "small-simclr", 10, seed=1), images)


def test_without_one_it_says_so(shelf):
    assert memory.state(shelf / "small-vae") == "missing" and memory.about(shelf / "small-vae") is None
    with pytest.raises(CheckpointError, match="no memory decoder yet"):
        memory.open_memory(shelf / "small-vae")
