"""The points of the map: each row, its picture and its features are of one and the same image."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data import catalog
from simssl_core.data.datasets import sprites
from simssl_core.data.datasets.sprites import drawing
from simssl_core.data.probe_set import Plan
from simssl_core.data.types import Factor, Split
from simssl_core.data.view_maker import make_views
from simssl_core.errors import ShapeError
from simssl_core.evaluation.features import collect
from simssl_core.latent.map_points import COLUMNS, LARGEST, map_points, sheet

pytestmark = pytest.mark.filterwarnings("error")

PLAN = Plan(probe_images=80, map_points=50, clouds=12, cloud_views=5, share_data=8, share_views=2)


@pytest.fixture(scope="module", params=["sprites", "digits"])
def world(request):
    dataset = catalog.load(DataConfig(name=request.param, train=100, test=90))
    return dataset, make_views(dataset, ViewConfig())


def encode(images):
    flat = images.flatten(1)
    return torch.stack([flat.mean(1), (flat * torch.linspace(-1, 1, flat.shape[1])).mean(1)], 1)


def test_pictures_and_features_are_of_the_same_images(world):
    table, images = map_points(*world, PLAN, seed=2)
    found = collect(encode, *world, PLAN, seed=2)
    assert len(table) == len(images) == len(found.map) == 50 + 12 * 5
    assert images.dtype == np.uint8 and images.shape[1:] == world[0].shape
    np.testing.assert_allclose(encode(torch.from_numpy(images) / 255), found.map, atol=2 / 255)
    assert np.corrcoef(encode(torch.from_numpy(images) / 255)[:, 1], found.map[:, 1])[0, 1] > 0.999


def test_the_table(world):
    dataset, _ = world
    table, _ = map_points(*world, PLAN)
    assert tuple(table.columns[:5]) == COLUMNS
    assert (table.point == np.arange(110)).all()
    assert (table.instance[:50] == -1).all() and (table.view[:50] == -1).all()
    assert table.instance[50:].tolist() == np.repeat(np.arange(12), 5).tolist()
    assert table.view[50:].tolist() == list(range(5)) * 12
    assert [dataset.classes[k] for k in table.label] == table["class"].tolist()
    np.testing.assert_array_equal(table.label[:50], dataset.test.labels[PLAN.map_places(dataset.test)])
    assert (table[50:].groupby("instance").label.nunique() == 1).all()
    assert len(set(table.label[50:])) == 10  # the clouds show every class


@pytest.mark.parametrize("world", ["sprites"], indirect=True)
def test_sprites_can_be_drawn_again_from_their_row(world):
    dataset, views = world
    table, images = map_points(dataset, views, PLAN)
    rows = table.iloc[[0, 49, 50, 54, 109]]
    again = drawing.render({f.name: torch.tensor(rows[f.name].to_numpy()) for f in sprites.FACTORS})
    np.testing.assert_allclose(again, images[rows.index] / 255, atol=1.01 / 255)


@pytest.mark.parametrize("world", ["digits"], indirect=True)
def test_style_is_known_of_views_only(world):
    dataset, views = world
    table, _ = map_points(dataset, views, PLAN)
    assert list(table.columns[5:]) == [f.name for f in views.factors]
    assert table.crop_x[:50].isna().all() and table.crop_x[50:].notna().all()


class OddlyNamed:
    """Images whose factors are called like the table's own columns."""

    factors = (Factor("view"), Factor("label"), Factor("age"))
    classes = ()
    test = Split(
        torch.zeros(30, 1, 4, 4, dtype=torch.uint8),
        torch.full((30,), -1),
        {name: torch.arange(30.0) for name in ("view", "label", "age")},
    )


def test_odd_names_and_no_labels(world):
    _, views = world
    table, _ = map_points(OddlyNamed, views, Plan(map_points=10, clouds=0))
    assert tuple(table.columns) == (*COLUMNS, "age")
    assert (table.view == -1).all() and (table.label == -1).all() and (table["class"] == "").all()


@pytest.mark.parametrize("shape", [(110, 3, 32, 32), (7, 1, 8, 8), (1, 3, 5, 9), (50, 1, 8, 24)])
def test_the_sheet_holds_every_picture_in_its_place(shape):
    images = np.full(shape, 0, np.uint8)
    images[:] = np.linspace(20, 235, shape[0]).astype(np.uint8)[:, None, None, None]
    data, columns = sheet(images)
    count, _, height, width = shape
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "WEBP"
    assert picture.size == (columns * width, -(-count // columns) * height)
    pixels = np.asarray(picture.convert("L")).astype(int)
    for k in range(count):
        y, x = divmod(k, columns)
        middle = pixels[y * height + height // 2, x * width + width // 2]
        assert middle == pytest.approx(images[k, 0, 0, 0], abs=12)


def test_the_sheet_stays_within_webps_limit():
    data, columns = sheet(np.zeros((3000, 1, 8, 2), np.uint8))
    assert max(Image.open(io.BytesIO(data)).size) <= LARGEST
    assert 3000 / columns * 8 == pytest.approx(columns * 2, rel=0.1)  # about square


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (5, 2, 8, 8), (2, 1, 8, 20_000)])
def test_sheets_that_cannot_be_made(shape):
    with pytest.raises(ShapeError):
        sheet(np.zeros(shape, np.uint8))
