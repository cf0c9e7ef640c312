"""The published data sets: read from small copies in their own formats, and from the real files where they are."""

import gzip
import os
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from simssl_core.config import DataConfig
from simssl_core.data import catalog, torchvision_safe
from simssl_core.data.datasets import celeba
from simssl_core.data.datasets.mnist import find, read
from simssl_core.errors import DataError
from tests.data import made_files


def load(name, root, **more):
    return catalog.load(DataConfig(name=name, root=str(root), **more))


def listing(place):
    return sorted((str(p), p.stat().st_mtime_ns) for p in place.rglob("*"))


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_compressed_mnist_files_are_read_and_nothing_is_written(tmp_path, name, folder):
    made_files.mnist_in(tmp_path, folder)
    before = listing(tmp_path)
    dataset = load(name, tmp_path, train=70)
    assert listing(tmp_path) == before
    assert dataset.shape == (1, 28, 28) and len(dataset.classes) == 10 and dataset.likelihood == "bernoulli"
    assert len(dataset.train) == 70 and len(dataset.test) == 80
    pixel = dataset.train.images[:, 0, 5, 5]
    assert torch.equal(dataset.train.labels, (pixel % 10).long())
    assert (dataset.train.images == pixel[:, None, None, None]).all()
    assert len(set(pixel.tolist())) == 70


def test_unpacked_mnist_files_are_read_too(tmp_path):
    raw = made_files.mnist_in(tmp_path)
    for path in list(raw.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert len(load("mnist", tmp_path).train) == 80


def damaged_idx(kind):
    whole = b"\0\0\x08\x03" + struct.pack(">3I", 80, 28, 28) + bytes(80 * 28 * 28)
    return {
        "not gzip": b"hello",
        "cut short": gzip.compress(whole)[:60],
        "too few pixels": gzip.compress(whole[:-5]),
        "too many pixels": gzip.compress(whole + b"x"),
        "another type": gzip.compress(b"\0\0\x0d" + whole[3:]),
        "a bomb": gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 4_000_000_000, 28, 28)),
        "no header": gzip.compress(b"\0\0\x08\x03\0"),
        "another shape": gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 80, 14, 56) + bytes(80 * 784)),
        "another count": gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 40, 28, 28) + bytes(40 * 784)),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("not gzip", "cannot be read"),
        ("cut short", "cannot be read"),
        ("too few pixels", "truncated"),
        ("too many pixels", "does not hold the"),
        ("another type", "not an IDX file"),
        ("a bomb", "at most"),
        ("no header", "cannot be read"),
        ("another shape", "are needed"),
        ("another count", "are needed"),
    ],
)
def test_damaged_mnist_files(tmp_path, kind, message):
    raw = made_files.mnist_in(tmp_path)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(damaged_idx(kind))
    with pytest.raises(DataError, match=message):
        load("mnist", tmp_path)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "FashionMNIST/raw"),
        ("cifar10", "cifar10"),
        ("celeba", "celeba"),
        ("coil20", "coil20"),
    ],
)
def test_missing_files_say_where_they_belong(tmp_path, name, where, monkeypatch):
    with pytest.raises(DataError) as error:
        load(name, tmp_path)
    assert str(tmp_path / where) in str(error.value)
    monkeypatch.setenv("SIMSSL_DATA", str(tmp_path / "other"))  # without a root the environment's folder counts
    with pytest.raises(DataError, match="other"):
        catalog.load(DataConfig(name=name))


def test_a_download_that_fails_says_so_and_is_tried_once(tmp_path, monkeypatch):
    calls = []

    def mnist(root, download):
        calls.append(root)
        raise OSError("no route to host")

    monkeypatch.delenv("SIMSSL_OFFLINE")
    fake = SimpleNamespace(datasets=SimpleNamespace(MNIST=mnist))
    monkeypatch.setattr(torchvision_safe, "load", lambda: fake)
    with pytest.raises(DataError, match=r"cannot be downloaded \(no route to host\).*train-images"):
        load("mnist", tmp_path)
    assert calls == [str(tmp_path)]


def test_a_download_that_works_is_read(tmp_path, monkeypatch):
    monkeypatch.delenv("SIMSSL_OFFLINE")
    fake = SimpleNamespace(datasets=SimpleNamespace(MNIST=lambda root, download: made_files.mnist_in(tmp_path)))
    monkeypatch.setattr(torchvision_safe, "load", lambda: fake)
    assert len(load("mnist", tmp_path).train) == 80


def test_a_root_that_cannot_be_written_is_not_written(tmp_path, monkeypatch):
    monkeypatch.delenv("SIMSSL_OFFLINE")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root, who runs the tests in CI, may write anywhere
    with pytest.raises(DataError, match="cannot be written to"):
        load("mnist", tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be created"):
        load("mnist", tmp_path / "file" / "root")


def binary_cifar(root, count=20):
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for k, name in enumerate([f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]):
        records = np.zeros((count, 3073), np.uint8)
        records[:, 0] = np.arange(count) % 10
        records[:, 1:1025] = k  # red
        records[:, 2049:] = (np.arange(count) % 10)[:, None]  # blue
        records.tofile(folder / name)
    return folder


def test_binary_cifar(tmp_path):
    binary_cifar(tmp_path)
    dataset = load("cifar10", tmp_path, train=90)
    assert dataset.shape == (3, 32, 32) and dataset.classes[3] == "cat"
    assert len(dataset.train) == 90 and len(dataset.test) == 20
    assert torch.equal(dataset.train.images[:, 2, 7, 7].long(), dataset.train.labels)
    assert set(dataset.train.images[:, 0].unique().tolist()) == {0, 1, 2, 3, 4}
    assert (dataset.test.images[:, 0] == 5).all() and (dataset.test.images[:, 1] == 0).all()


def test_damaged_binary_cifar(tmp_path):
    path = binary_cifar(tmp_path) / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"data_batch_3\.bin is incomplete"):
        load("cifar10", tmp_path)
    path.write_bytes(b"\x0b" * 3073)
    with pytest.raises(DataError, match="labels above 9"):
        load("cifar10", tmp_path)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        load("cifar10", tmp_path)


def test_foreign_pickles_are_not_opened(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    harm = tmp_path / "harm"
    code = f"cbuiltins\nopen\n(S'{harm}'\nS'w'\ntR.".encode()
    for name in [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch", "batches.meta"]:
        (folder / name).write_bytes(code)
    with pytest.raises(DataError, match="check sums"):
        load("cifar10", tmp_path)
    assert not harm.exists()


def small_celeba(root):
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    names = [f"attribute_{k}" for k in range(39)] + ["Male"]
    files = [f"{k + 1:06}.jpg" for k in range(30)]
    for k, name in enumerate(files):
        made_files.picture(k, (178, 218)).save(folder / "img_align_celeba" / name, quality=95)
    signs = [[1 if (k >> a % 5) & 1 else -1 for a in range(40)] for k in range(30)]
    lines = {
        "list_attr_celeba.txt": ["30", " ".join(names)]
        + [f"{f}  {' '.join(map(str, s))}" for f, s in zip(files, signs, strict=True)],
        "list_eval_partition.txt": [f"{f} {0 if k < 20 else 2}" for k, f in enumerate(files)],
        "identity_CelebA.txt": [f"{f} 1" for f in files],
        "list_bbox_celeba.txt": ["30", "image_id x_1 y_1 width height", *(f"{f} 1 1 9 9" for f in files)],
        "list_landmarks_align_celeba.txt": ["30", "a b", *(f"{f} 1 1" for f in files)],
    }
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n")
    return np.array(signs) > 0


def test_celeba_brings_its_attributes(tmp_path, monkeypatch):
    signs = small_celeba(tmp_path)
    with pytest.raises(DataError, match="published files"):  # torchvision's check sums do not match these
        load("celeba", tmp_path)
    monkeypatch.setattr(torchvision_safe.load().datasets.CelebA, "_check_integrity", lambda self: True)
    dataset = load("celeba", tmp_path)
    assert dataset.shape == (3, 64, 64) and (len(dataset.train), len(dataset.test)) == (20, 10)
    assert len(dataset.factors) == 40 and all(f.kind == "discrete" for f in dataset.factors)
    assert dataset.train.labels.tolist() == signs[:20, 39].astype(int).tolist()
    assert dataset.test.factors["attribute_3"].tolist() == signs[20:, 3].astype(float).tolist()
    colour = torch.tensor(made_files.picture(25).getpixel((0, 0)))
    assert (dataset.test.images[5].float().mean((1, 2)) - colour).abs().max() < 6
    (tmp_path / "celeba" / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(DataError, match=r"000003\.jpg is missing"):
        load("celeba", tmp_path)


def test_celeba_knows_the_attribute_that_is_its_content():
    assert celeba.CONTENT == "Male"
    assert len(catalog.info("celeba").views) > 3


def test_real_mnist(real_data):
    dataset = catalog.load(DataConfig(name="mnist", train=60_000, test=10_000))
    assert dataset.train.images.shape == (60_000, 1, 28, 28) and len(dataset.test) == 10_000
    assert torch.bincount(dataset.train.labels).tolist()[:3] == [5923, 6742, 5958]
    assert dataset.train.images.float().mean().item() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_real_cifar_from_parquet(real_data):
    if not os.path.isfile(os.path.join(real_data, "cifar10", "train.parquet")):
        pytest.skip("cifar10/train.parquet is not in SIMSSL_DATA")
    dataset = catalog.load(DataConfig(name="cifar10", train=500, test=200))
    assert dataset.train.images.shape == (500, 3, 32, 32) and len(dataset.test) == 200
    assert dataset.classes[0] == "airplane" and len(dataset.classes) == 10
    mean = dataset.train.images.float().mean((0, 2, 3)) / 255
    assert mean.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=0.03)  # the published means of all 50,000
    assert catalog.load(DataConfig(name="cifar10", train=500, test=200)).train.images.equal(dataset.train.images)


def test_real_coil(real_data):
    if not os.path.isdir(os.path.join(real_data, "coil20")):
        pytest.skip("coil20 is not in SIMSSL_DATA")
    dataset = catalog.load(DataConfig(name="coil20"))
    assert dataset.shape == (1, 32, 32) and len(dataset.classes) == 20
    assert len(dataset.train) + len(dataset.test) == 1440
    (angle,) = dataset.factors
    assert (angle.name, angle.kind) == ("angle", "circular")
    steps = dataset.train.factors["angle"] * 72 / (2 * torch.pi)
    assert (steps - steps.round()).abs().max() < 1e-4 and steps.max() < 72


def test_idx_is_found_plain_before_compressed(tmp_path):
    assert find(tmp_path, "a") is None
    made_files.idx_file(tmp_path / "a.gz", np.arange(4))
    assert read(find(tmp_path, "a")).tolist() == [0, 1, 2, 3]


def test_torchvision_can_be_had_beside_any_torch():
    tv = torchvision_safe.load()
    assert tv is torchvision_safe.load() is sys.modules["torchvision"]
    assert tv.models.resnet18 and tv.transforms.RandomResizedCrop
