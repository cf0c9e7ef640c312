"""The two pipelines do the same work: equal model, equal number of views, equal distribution of crops."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from simssl_core.bench import conventional, steps
from simssl_core.bench.workload import load, made_up, published
from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data.types import Split
from simssl_core.data.view_maker import make_views
from simssl_core.models.layers import ChannelsLast, GrowingBlock, ToMap
from simssl_core.training.loop import Race

SMALL = {"mnist": {"hidden": (8,), "width": 2}, "cifar10": {"channels": 8, "width": 2}}


@pytest.fixture(params=["mnist", "cifar10"])
def work(request):
    return published(request.param, images=64, batch=8, model=SMALL[request.param], precision="fp32")


@pytest.fixture
def race(work):
    return Race(work.config, work.dataset)


def test_the_model_is_the_same_function_of_the_same_weights(race):
    ours, theirs = race.members["simvae"].objective, steps.conventional_objective(race)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))
    views = race.views(torch.arange(6))
    views = replace(views, images=views.images.double())  # in float32 a ReLU at its kink would tell them apart
    values = []
    for objective in (ours, theirs):
        torch.manual_seed(3)
        terms = objective.double().train()(views)
        terms.loss.backward()
        values.append((terms.loss.item(), [p.grad for p in objective.parameters()]))
    assert values[0][0] == pytest.approx(values[1][0], rel=1e-10)
    for a, b in zip(values[0][1], values[1][1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-7 * max(1.0, b.abs().max().item()))


def test_the_conventional_model_has_none_of_the_optimisations(race):
    modules = list(steps.conventional_objective(race).modules())
    assert not {type(module) for module in modules} & {ChannelsLast, ToMap}
    assert not any(module.folded for module in modules if isinstance(module, GrowingBlock))


def test_both_make_as_many_views_of_the_same_shape_and_range(work, race):
    trainer = steps.conventional_trainer(work, race, workers=0)
    theirs, ours = next(trainer.loader), race.views(torch.arange(8))
    assert theirs.images.shape == ours.images.shape == (2, 8, *work.dataset.shape)
    assert theirs.images.dtype == ours.images.dtype == torch.float32
    assert theirs.images.min() >= 0 and theirs.images.max() <= 1
    assert torch.equal(theirs.labels, work.dataset.train.labels[theirs.index])
    if work.config.views.binarise:
        assert set(theirs.images.unique().tolist()) <= {0.0, 1.0}


def test_both_train_on_the_same_number_of_views(work, race):
    lane = steps.our_lane(race)
    trainer = steps.conventional_trainer(work, race, workers=0)
    before = [p.detach().clone() for p in trainer.objective.parameters()]
    assert lane.unit() == trainer.step() == work.views == 16
    assert race.step == 1
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.objective.parameters(), strict=True))


def ramp(count, size=32):
    """Images whose red value tells the column and green value the row, so that a crop can be read off its edges."""
    line = torch.arange(size, dtype=torch.uint8) * 4
    image = torch.stack([line.expand(size, size), line[:, None].expand(size, size), torch.zeros(size, size)]).byte()
    return Split(image.expand(count, -1, -1, -1).clone(), torch.zeros(count, dtype=torch.int64))


def crops(images):
    """(width, height, centre x, centre y, upside down) of the crops of ramps, in input pixels, (N, 5)."""
    columns, rows = images[:, 0].mean(1) * 255 / 4, images[:, 1].mean(2) * 255 / 4  # (N, size) each
    left, right, top, bottom = columns[:, 3], columns[:, -4], rows[:, 3], rows[:, -4]
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    return torch.stack([right - left, (bottom - top).abs(), middle_x, middle_y, (bottom < top) * 20.0], 1)


def test_both_cut_the_same_kind_of_crops():
    config = ViewConfig(crop_min=0.6, vflip=0.5)
    split = ramp(400)
    dataset = replace(made_up(DataConfig(name="mnist", train=64, test=64), "cpu"), train=split, shape=(3, 32, 32))
    ours = make_views(dataset, config)(split, torch.arange(400), torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    data = conventional.PerSample(split, conventional.transform(config, 32), config.count)
    theirs = torch.stack([torch.stack(data[k][0]) for k in range(400)])
    our_crops, their_crops = crops(ours.images.flatten(0, 1)), crops(theirs.flatten(0, 1))
    for k, name in enumerate(("width", "height", "x", "y", "flip")):
        x, y = our_crops[:, k].sort().values, their_crops[:, k].sort().values
        gap = (
            torch.quantile(x, torch.linspace(0.05, 0.95, 19)) - torch.quantile(y, torch.linspace(0.05, 0.95, 19))
        ).abs()
        if name == "flip":
            assert abs(our_crops[:, k].mean() - their_crops[:, k].mean()) < 2.0  # of 20: a tenth more or fewer flips
        else:
            assert gap.max() < 1.0, f"{name} differs by {gap.max():.2f} pixels"


def test_the_views_of_the_conventional_pipeline_differ_from_each_other():
    config = ViewConfig(crop_min=0.4)
    data = conventional.PerSample(ramp(4), conventional.transform(config, 32), 2)
    first, second = data[0][0]
    assert not torch.equal(first, second)


@pytest.mark.parametrize("released", [False, True])
def test_every_setting_has_its_transform(released):
    config = ViewConfig(
        hflip=1.0, vflip=1.0, rotation=10.0, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1, greyscale=1.0
    )
    transform = conventional.transform(config, 32, released)
    names = [type(step).__name__ for step in transform.transforms]
    expected = {"RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation", "ColorJitter", "RandomGrayscale"}
    assert expected <= set(names)
    assert ("Resize" in names) == released
    if released:  # jitter on the enlarged image, before the crop: what makes it slow
        assert names.index("Resize") < names.index("ColorJitter") < names.index("RandomResizedCrop")
    image = conventional.PerSample(ramp(1), transform, 1)[0][0][0]
    assert image.shape == (3, 32, 32)
    assert torch.equal(image[0], image[1])  # grey


def state(worker):
    """The kernel's letter for the state of a process; T: stopped."""
    return Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's /proc")
def test_the_workers_are_paused_between_their_turns_and_end_with_the_loader():
    data = conventional.PerSample(ramp(64), conventional.transform(ViewConfig(), 32), 2)
    loader = conventional.Loader(data, 8, workers=2)
    assert next(loader).images.shape == (2, 8, 3, 32, 32)
    workers = list(loader.loader._iterator._workers)
    loader.hush()
    deadline = time.monotonic() + 10
    while [state(w) for w in workers] != ["T", "T"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [state(w) for w in workers] == ["T", "T"]
    loader.wake()
    for _ in range(10):  # past the end of a pass of 8 batches
        assert next(loader).images.shape == (2, 8, 3, 32, 32)
    loader.close()
    for worker in workers:
        worker.join(10)
        assert not worker.is_alive()


def test_without_the_files_the_images_are_random_and_reported_as_such(tmp_path):
    config = DataConfig(name="mnist", train=64, test=64, root=str(tmp_path))
    dataset, real = load(config, "cpu")
    assert not real
    assert dataset.train.images.shape == (64, 1, 28, 28) and dataset.train.images.dtype == torch.uint8
    assert torch.equal(dataset.train.images, made_up(config, "cpu").train.images)
