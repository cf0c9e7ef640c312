"""The user's own pictures: folders and parquet files, good and bad."""

import math
import os

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig, ViewConfig
from simssl_core.data import catalog, decoding, view_maker
from simssl_core.data.datasets import image_folder, parquet, parquet_columns
from simssl_core.errors import DataError
from tests.data import made_files


def load(name, path, **more):
    return catalog.load(DataConfig(name=name, path=str(path), **more))


def test_sub_folders_are_labels(tmp_path):
    dataset = load("folder", made_files.folder_of(tmp_path, {"dog": 30, "cat": 20}))
    assert dataset.classes == ("cat", "dog") and dataset.shape == (3, 12, 12)
    assert len(dataset.train) == 40 and len(dataset.test) == 10
    own = {made_files.picture(k).getpixel((0, 0)): 1 for k in range(30)}
    for split in (dataset.train, dataset.test):
        for image, label in zip(split.images, split.labels.tolist(), strict=True):
            assert own.get(tuple(image[:, 0, 0].tolist()), 0) == label


def test_the_same_pictures_are_held_out_each_time_and_none_is_in_both(tmp_path):
    place = made_files.folder_of(tmp_path, {"a": 100})
    one, same, other = (load("folder", place, seed=s) for s in (0, 0, 1))
    assert torch.equal(one.test.images, same.test.images)
    assert not torch.equal(one.test.images, other.test.images)
    seen = {tuple(image[:, 0, 0].tolist()) for image in one.train.images}
    assert not seen & {tuple(image[:, 0, 0].tolist()) for image in one.test.images}


def test_limits_do_not_move_the_held_out_ones_into_train(tmp_path):
    place = made_files.folder_of(tmp_path, {"a": 500})
    few, all_ = load("folder", place, train=64, test=64), load("folder", place)
    assert len(few.train) == 64 and len(few.test) == 64
    train = {tuple(image[:, 0, 0].tolist()) for image in all_.train.images}
    assert all(tuple(image[:, 0, 0].tolist()) in train for image in few.train.images)


def test_train_and_test_folders_are_the_splits(tmp_path):
    made_files.folder_of(tmp_path / "train", {"a": 12, "b": 11})
    made_files.folder_of(tmp_path / "val", {"a": 5, "b": 7})
    dataset = load("folder", tmp_path)
    assert (len(dataset.train), len(dataset.test), dataset.classes) == (23, 12, ("a", "b"))


def test_pictures_alone_have_no_label_and_hidden_ones_and_links_are_left_alone(tmp_path):
    made_files.folder_of(tmp_path, {"": 12, ".hidden": 5})
    (tmp_path / "notes.txt").write_text("not a picture")
    os.symlink(tmp_path, tmp_path / "round and round")
    dataset = load("folder", tmp_path)
    assert len(dataset.train) + len(dataset.test) == 12
    assert dataset.classes == () and (dataset.train.labels == -1).all()


def test_your_own_pictures_make_views(tmp_path, generator):
    dataset = load("folder", made_files.folder_of(tmp_path, {"a": 20}))
    made = view_maker.make_views(dataset, ViewConfig(**dataset.info.views))(dataset.train, torch.arange(5), generator)
    assert made.images.shape == (2, 5, 3, 12, 12)


def test_bad_folders(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="needs the setting 'path'"):
        catalog.load(DataConfig(name="folder"))
    with pytest.raises(DataError, match="nothing at"):
        load("folder", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds 0 pictures"):
        load("folder", tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="is not a folder"):
        load("folder", tmp_path / "file")
    place = made_files.folder_of(tmp_path / "some", {"a": 12})
    (place / "a" / "bad.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1 of \d+ pictures cannot be read.*bad\.png"):
        load("folder", place)
    monkeypatch.setattr(image_folder, "MAX_FILES", 5)
    with pytest.raises(DataError, match="more than 5 pictures"):
        load("folder", place)


NOTES = {
    "image": {"_type": "Image"},
    "label": {"_type": "ClassLabel", "names": ["ant", "bee", "cow"]},
    "weather": {"_type": "ClassLabel", "names": ["dry", "wet"]},
}


def test_a_parquet_file_with_everything(tmp_path):
    rows = np.arange(20)
    path = made_files.parquet_of(
        tmp_path / "all.parquet",
        notes=NOTES,
        label=rows % 3,
        weather=rows % 2,
        angle_deg=rows * 18.0,
        weight=rows * 0.5,
        legs=rows % 4,
        wild=rows % 2 == 0,
        constant=np.ones(20),
        text=[f"animal number {k}" for k in rows],
    )
    dataset = load("parquet", path)
    assert dataset.classes == ("ant", "bee", "cow") and dataset.shape == (3, 12, 12)
    kinds = {f.name: (f.kind, len(f.classes)) for f in dataset.factors}
    assert kinds == {
        "weather": ("discrete", 2),
        "angle": ("circular", 0),
        "weight": ("continuous", 0),
        "legs": ("discrete", 4),
        "wild": ("discrete", 2),
    }
    assert dataset.vocabulary[:3] == ("", "animal", "number")
    row = {made_files.picture(k).getpixel((0, 0)): k for k in range(20)}
    for split in (dataset.train, dataset.test):
        found = torch.tensor([row[tuple(image[:, 0, 0].tolist())] for image in split.images])
        assert torch.equal(split.labels, found % 3)
        assert torch.allclose(split.factors["angle"], found * 18.0 * math.pi / 180)
        assert torch.allclose(split.factors["weight"], found * 0.5)
        assert torch.equal(split.factors["wild"], (found % 2 == 0).float())
        assert split.captions == tuple(f"animal number {k}" for k in found.tolist())
    assert len(dataset.train) == 16 and len(dataset.test) == 4


def test_captions_become_tokens(tmp_path, generator):
    path = made_files.parquet_of(tmp_path / "a.parquet", caption=["a big cat", "one dog"] * 10)
    dataset = load("parquet", path)
    tokens = view_maker.make_views(dataset, ViewConfig())(dataset.train, torch.arange(16), generator).tokens
    texts = {" ".join(dataset.vocabulary[t] for t in row if t) for row in tokens.tolist()}
    assert texts == {"a big cat", "one dog"}


def test_a_folder_of_parquet_files_has_its_splits(tmp_path):
    made_files.parquet_of(tmp_path / "train-00000-of-00002.parquet", 12, label=np.zeros(12, int))
    made_files.parquet_of(tmp_path / "train-00001-of-00002.parquet", 13, label=np.ones(13, int))
    made_files.parquet_of(tmp_path / "test-00000-of-00001.parquet", 11, label=np.ones(11, int))
    dataset = load("parquet", tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (25, 11)
    assert dataset.train.labels.tolist() == [0] * 12 + [1] * 13 and dataset.classes == ("0", "1")


def test_a_subset_is_drawn_and_belongs_to_its_labels(tmp_path):
    made_files.parquet_of(tmp_path / "train.parquet", 200, label=np.arange(200))
    made_files.parquet_of(tmp_path / "test.parquet", 12, label=np.arange(12))
    one, same, other = (load("parquet", tmp_path, train=64, seed=s) for s in (0, 0, 1))
    assert torch.equal(one.train.labels, same.train.labels)
    assert not torch.equal(one.train.labels, other.train.labels)
    for image, label in zip(one.train.images, one.train.labels.tolist(), strict=True):
        assert tuple(image[:, 0, 0].tolist()) == made_files.picture(label).getpixel((0, 0))


def test_text_labels_are_classes_and_nothing_is_unlabelled(tmp_path):
    named = load("parquet", made_files.parquet_of(tmp_path / "a.parquet", 12, label=["b", "a", None] * 4))
    assert named.classes == ("a", "b") and set(named.train.labels.tolist()) == {-1, 0, 1}
    bare = load("parquet", made_files.parquet_of(tmp_path / "b.parquet", 12))
    assert bare.classes == () and (bare.train.labels == -1).all()


def test_gaps_are_not_a_number(tmp_path):
    path = made_files.parquet_of(tmp_path / "a.parquet", 12, weight=[None, 1.5, 2.5] * 4)
    dataset = load("parquet", path)
    values = torch.cat([dataset.train.factors["weight"], dataset.test.factors["weight"]])
    assert values.isnan().sum() == 4
    assert (dataset.factors[0].low, dataset.factors[0].high) == (1.5, 2.5)


def bad_parquet(kind, place):
    path = place / "bad.parquet"
    if kind == "text":
        path.write_text("id,image\n1,a.png\n")
    elif kind == "cut short":
        made_files.parquet_of(path, 20)
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "holes":
        made_files.parquet_of(path, 20)
        content = bytearray(path.read_bytes())
        content[100:1500] = bytes(1400)
        path.write_bytes(content)
    elif kind == "paths only":
        made_files.parquet_of(path, images=[{"bytes": None, "path": "/etc/passwd"}] * 20)
    elif kind == "not pictures":
        made_files.parquet_of(path, images=[{"bytes": b"GIF89a?", "path": None}] * 20)
    elif kind == "labels too high":
        made_files.parquet_of(path, 20, notes=NOTES, label=np.full(20, 7))
    elif kind == "labels below":
        made_files.parquet_of(path, 20, label=np.full(20, -5))
    elif kind == "too few":
        made_files.parquet_of(path, 3)
    elif kind == "no images":
        import pandas as pd

        pd.DataFrame({"a": range(20)}).to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "cannot be read as parquet"),
        ("cut short", "cannot be read as parquet"),
        ("holes", "cannot be read"),
        ("paths only", "paths are not followed"),
        ("not pictures", "None of 20 pictures"),
        ("labels too high", "there are 3 class names"),
        ("labels below", "-1 .unlabelled. is the lowest value allowed"),
        ("too few", "holds 3 rows"),
        ("no images", "has no column of images"),
    ],
)
def test_bad_parquet_files(kind, message, tmp_path):
    with pytest.raises(DataError, match=message):
        load("parquet", bad_parquet(kind, tmp_path))


def test_limits_of_a_parquet_file(tmp_path, monkeypatch):
    path = made_files.parquet_of(tmp_path / "a.parquet", 20, label=np.arange(20))
    monkeypatch.setattr(parquet_columns, "MAX_CLASSES", 19)
    with pytest.raises(DataError, match="20 classes"):
        load("parquet", path)
    monkeypatch.setattr(parquet, "MAX_ROWS", 19)
    with pytest.raises(DataError, match="holds 20 rows"):
        load("parquet", path)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 100)
    monkeypatch.setattr(parquet, "MAX_ROWS", 100)
    monkeypatch.setenv("SIMSSL_CACHE", str(tmp_path / "fresh"))
    with pytest.raises(DataError, match=r"row 0 of group 0: a picture of 12 x 12 pixels"):
        load("parquet", path, seed=1)


def test_a_folder_without_parquet_and_files_that_differ(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no parquet file"):
        load("parquet", tmp_path / "empty")
    made_files.parquet_of(tmp_path / "train.parquet", 12, label=np.zeros(12, int))
    made_files.parquet_of(tmp_path / "test.parquet", 12)
    with pytest.raises(DataError, match="lacks the column label"):
        load("parquet", tmp_path)
