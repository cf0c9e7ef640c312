"""What people get wrong, and what may come from strangers: a clear message each, and not one file touched."""

import io
import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from simssl_core import library
from simssl_core.cli import main
from simssl_core.config import DataConfig, Member, RunConfig, parse
from simssl_core.data import catalog
from simssl_core.encoder import load
from simssl_core.errors import CheckpointError, ConfigError, DataError, LabError, RunError, ShapeError
from simssl_core.jobs import launcher, session
from simssl_core.library import archive
from simssl_core.library.archive import from_zip, to_zip
from simssl_core.storage import map_files

SMALL = {
    "name": "good",
    "data": {"name": "digits", "train": 128, "test": 64},
    "model": {"encoder": "mlp", "hidden": [16], "width": 4},
    "train": {"steps": 2, "batch": 16, "threads": 1, "probe_share": 0},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two sound runs and their store."""
    root = tmp_path_factory.mktemp("trained")
    list(session.run_race(parse(RunConfig, SMALL | {"members": ["vae", "simclr"]}), root, final=False))
    return root


@pytest.fixture
def root(trained, tmp_path):
    """A copy that may be damaged."""
    return shutil.copytree(trained, tmp_path / "runs")


def tree(root: Path) -> dict:
    """Every file and folder with its content; the store's own bookkeeping (WAL, locks) apart."""
    passing = (".sqlite-wal", ".sqlite-shm", ".lock")
    paths = [path for path in root.rglob("*") if not path.name.endswith(passing)]
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


def refused(root: Path, kind: type[LabError], words: str, attempt) -> None:
    """``attempt`` raises ``kind`` with these words, in one readable message, and leaves everything as it was."""
    before = tree(root)
    with pytest.raises(kind, match=words) as caught:
        attempt()
    assert "Traceback" not in str(caught.value) and len(str(caught.value)) < 1_500
    assert tree(root) == before


# -- what a person types --------------------------------------------------------------------------------------------

TYPED = {
    "unknown objective": (["--objectives", "simclr,simclear"], "simclear"),
    "unknown data set": (["--data", "minst"], "Did you mean 'mnist'"),
    "unknown setting": (["--objectives", "vae", "--set", "vae.betta=2"], "betta"),
    "unknown field": (["--set", "train.learning=1"], "has no setting 'learning'"),
    "unknown section": (["--set", "network.width=3"], "neither a section nor a member"),
    "no assignment": (["--set", "train.steps"], "not of the form"),
    "no steps": (["--steps", "0"], "steps"),
    "too fast": (["--set", "train.learning_rate=2"], "learning_rate"),
    "not a number": (["--set", "model.width=wide"], "width"),
    "batch of one": (["--set", "train.batch=1"], "batch"),
    "negative time": (["--seconds", "-5"], "seconds"),
    "infinite time": (["--seconds", "inf"], "seconds"),
    "name with ..": (["--name", "../escape"], "may only have letters"),
    "name too long": (["--name", "a" * 100], "at most 80"),
    "the same twice": (["--objectives", "vae,vae"], "twice"),
    "nobody": (["--objectives", ","], "names no objective"),
    "unknown factor": (["--data", "sprites", "--shared", "shape,colour"], "unknown factor colour"),
    "crops upside down": (["--set", "views.crop_min=0.9", "--set", "views.crop_max=0.5"], "crop_min"),
    "one view": (["--views", "1"], "count"),
    "unknown encoder": (["--encoder", "transformer"], "encoder"),
    "unknown device": (["--device", "tpu"], "not on this machine"),
    "data that are not there": (["--data", "folder", "--path", "/nowhere/at/all"], "does not exist"),
    "resume of nothing": (["--resume", "unknown"], "no race called 'unknown'"),
    "resume of a finished race": (["--resume", "good"], "finished"),
    "beta out of range": (["--objectives", "beta_vae", "--set", "beta_vae.beta=-1"], "beta"),
}


@pytest.mark.parametrize("case", TYPED)
def test_train_refuses(root, capsys, case):
    arguments, words = TYPED[case]
    given = arguments if "--data" in arguments else ["--data", "digits", *arguments]
    before = tree(root)
    assert main(["train", *given, "--root", str(root), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and words in shown.err and "Traceback" not in shown.err
    assert tree(root) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "unknown"], "There are: good-simclr, good-vae"),
        (["evaluate", "../runs"], "no run"),
        (["map", "good-vae", "--out", "map.gif"], "must end in"),
        (["map", "good-vae", "--step", "3", "--out", "map.csv"], "no umap frame"),
    ],
)
def test_other_commands_refuse(root, capsys, arguments, words):
    before = tree(root)
    assert main([*arguments, "--root", str(root)]) == 2
    assert words in capsys.readouterr().err
    assert tree(root) == before


# -- what a program passes ------------------------------------------------------------------------------------------

ASKED = {
    "find outside": (lambda root: library.find("../good-vae", root), RunError, "may only have"),
    "history outside": (lambda root: library.history("../../etc", root=root), RunError, "may only have"),
    "frame outside": (lambda root: library.frame("a/../../b", 1, root), RunError, "may only have"),
    "delete outside": (lambda root: library.delete("..", root), RunError, "may only have"),
    "delete unknown": (lambda root: library.delete("nobody", root), RunError, "no run called"),
    "rename outside": (lambda root: library.rename("good-vae", "../out", root), RunError, "may only have"),
    "restore outside": (lambda root: library.restore("1--../../x", root), RunError, "may only have|not in the trash"),
    "status outside": (lambda root: launcher.status("../x", root), RunError, "may only have"),
    "pause a finished race": (lambda root: launcher.pause("good", root), RunError, "finished"),
    "knob of a finished race": (lambda root: launcher.change("good", None, "beta", 1, root), RunError, "under way"),
    "map of a run without": (lambda root: library.points("good-vae", root), CheckpointError, "no map points"),
    "launch of unknown data": (
        lambda root: launcher.launch(parse(RunConfig, {"data": {"name": "x"}, "members": ["vae"]}), root),
        DataError,
        "no data set 'x'",
    ),
    "launch into a file": (
        lambda root: launcher.launch(parse(RunConfig, SMALL | {"members": ["vae"]}), root / "good-vae" / "run.json"),
        RunError,
        "cannot be written",
    ),
    "no members": (lambda root: parse(RunConfig, SMALL | {"members": []}), ConfigError, "members"),
    "label with a slash": (lambda root: parse(Member, {"objective": "vae", "label": "a/b"}), ConfigError, "label"),
    "JSON that is none": (lambda root: parse(RunConfig, "{'name': 1}"), ConfigError, "JSON"),
}


@pytest.mark.parametrize("case", ASKED)
def test_calls_refuse(root, case):
    attempt, kind, words = ASKED[case]
    refused(root, kind, words, lambda: attempt(root))


# -- runs that are damaged or foreign -------------------------------------------------------------------------------


def truncate(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def exchange(folder):
    shutil.copy(folder.parent / "good-simclr" / "weights.safetensors", folder / "weights.safetensors")


def poison(folder):
    weights = load_file(folder / "weights.safetensors")
    first = next(iter(weights))
    save_file(weights | {first: torch.full_like(weights[first], float("nan"))}, folder / "weights.safetensors")


def disguise(folder):
    (folder / "weights.safetensors").write_bytes(pickle.dumps({"a": 1}))


def boast(folder):
    table = json.dumps({"x": {"dtype": "F32", "shape": [10**9, 10**3], "data_offsets": [0, 4 * 10**12]}}).encode()
    (folder / "weights.safetensors").write_bytes(struct.pack("<Q", len(table)) + table)


def change_record(**values):
    def change(folder):
        record = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(record | values))

    return change


DAMAGED = {
    "weights truncated": (truncate, "cut short|not a whole"),
    "weights of another objective": (exchange, "missing|not expected|should be"),
    "weights missing": (lambda folder: (folder / "weights.safetensors").unlink(), "missing"),
    "weights that are not numbers": (poison, "weights that are not finite"),
    "a pickle named safetensors": (disguise, "safetensors"),
    "weights that claim terabytes": (boast, "cut short|should hold"),
    "record truncated": (lambda folder: (folder / "run.json").write_text('{"format": 1, "ru'), "JSON"),
    "record is a list": (lambda folder: (folder / "run.json").write_text("[]"), "object"),
    "record of a newer lab": (change_record(format=2), "update the lab"),
    "record of an unknown objective": (change_record(objective="magic"), "magic"),
    "record with an absurd model": (change_record(context={"shape": [1, 8, 8], "model": {"width": 10**9}}), "width"),
    "record with a foreign field": (change_record(command="rm"), "command"),
    "record missing": (lambda folder: (folder / "run.json").unlink(), "not a run"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_run_is_refused_and_listed(root, case):
    damage, words = DAMAGED[case]
    damage(root / "good-vae")
    refused(root, CheckpointError, words, lambda: load(root / "good-vae"))
    assert "good-simclr" in {entry.run for entry in library.runs(root)}  # the others are unharmed


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    (tmp_path / "model.pt").write_bytes(pickle.dumps(Bomb()))
    refused(tmp_path, CheckpointError, "pickle", lambda: load(tmp_path / "model.pt"))
    refused(tmp_path, CheckpointError, "pickle", lambda: load(tmp_path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, pickle.dumps([1])])
def test_a_damaged_map_frame_is_refused(root, content):
    folder = map_files.folder("good-vae", root)
    folder.mkdir()
    (folder / "00000002.safetensors").write_bytes(content)
    (folder / map_files.INFO).write_text('{"count": 0}')
    refused(root, CheckpointError, "damaged", lambda: map_files.frame("good-vae", 2, root))
    refused(root, CheckpointError, "damaged", lambda: map_files.info("good-vae", root))


# -- zips from strangers --------------------------------------------------------------------------------------------


def packed(root, change=None, **files) -> bytes:
    """A sound zip with some files exchanged (None: left out), or the archive changed at the end."""
    with zipfile.ZipFile(io.BytesIO(to_zip("good-vae", root))) as sound:
        content = {name: sound.read(name) for name in sound.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (content | files).items():
            if data is not None:
                archive.writestr(name, data)
        if change:
            change(archive)
    return buffer.getvalue()


def link(archive):
    item = zipfile.ZipInfo("good-vae/history.csv.link")
    item.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(item, "/etc/passwd")


def many(archive):
    for number in range(500):
        archive.writestr(f"good-vae/map/{number:08d}.safetensors", b"")


def lying(root) -> bytes:
    """The weights say they are smaller than they are."""
    content = packed(root)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("good-vae/weights.safetensors").file_size
    return content.replace(struct.pack("<I", size), struct.pack("<I", size - 1_000))


RECORD, WEIGHTS = "good-vae/run.json", "good-vae/weights.safetensors"
ZIPS = {
    "no zip": (lambda root: b"hello", "not a complete zip"),
    "half a zip": (lambda root: packed(root)[:-200], "not a complete zip"),
    "a bomb": (lambda root: packed(root, **{"good-vae/history.csv": bytes(30_000_000)}), "unpacks to"),
    "too many files": (lambda root: packed(root, many), "at most 400"),
    "a path outside": (lambda root: packed(root, **{"../../evil.json": b"{}"}), "unsafe name"),
    "an absolute path": (lambda root: packed(root, **{"/etc/evil": b"{}"}), "unsafe name"),
    "a link": (lambda root: packed(root, link), "the link"),
    "a pickle": (lambda root: packed(root, **{"good-vae/weights.pt": pickle.dumps(1)}), "pickle"),
    "a stranger": (lambda root: packed(root, **{"good-vae/setup.py": b"print()"}), "not a file of a run"),
    "no weights": (lambda root: packed(root, **{WEIGHTS: None}), "no weights.safetensors"),
    "weights cut short": (lambda root: packed(root, **{WEIGHTS: b"\x08\0\0\0\0\0\0\0{}"}), "safetensors|short|table"),
    "sizes that lie": (lying, "zip|longer"),
    "a record with a path for a name": (lambda root: packed(root, **{RECORD: b'{"run": "../x"}'}), "no usable name"),
    "no record": (lambda root: packed(root, **{RECORD: b"[]"}), "does not hold a JSON object"),
}


@pytest.mark.parametrize("case", ZIPS)
def test_a_bad_zip_is_refused(root, case, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 20_000_000)  # so that a small bomb will do
    make, words = ZIPS[case]
    content = make(root)
    refused(root, LabError, words, lambda: from_zip(content, root))


# -- images and data ------------------------------------------------------------------------------------------------

IMAGES = {
    "another size": (np.zeros((2, 1, 9, 9), np.float32), "shape"),
    "another number of channels": (np.zeros((2, 3, 8, 8), np.float32), "shape"),
    "too few axes": (np.zeros((8,), np.float32), "shape"),
    "out of range": (np.full((2, 1, 8, 8), 300.0, np.float32), r"\[0, 1\]|255"),
    "not a number": (np.full((2, 1, 8, 8), np.nan, np.float32), r"finite|\[0, 1\]|NaN"),
    "complex": (np.zeros((2, 1, 8, 8), np.complex64), "numbers"),
}


@pytest.mark.parametrize("case", IMAGES)
def test_bad_images_are_refused(root, case):
    images, words = IMAGES[case]
    encoder = load(root / "good-vae")
    refused(root, ShapeError, words, lambda: encoder(images))


def write_text_as_image(folder):
    (folder / "a").mkdir()
    (folder / "a" / "x.png").write_text("no picture")


FOLDERS = {
    "empty": lambda folder: None,
    "no pictures": lambda folder: (folder / "readme.txt").write_text("nothing here"),
    "pictures that are none": write_text_as_image,
}


@pytest.mark.parametrize("case", FOLDERS)
def test_bad_folders_of_images_are_refused(tmp_path, case):
    folder = tmp_path / "mine"
    folder.mkdir()
    FOLDERS[case](folder)
    refused(tmp_path, DataError, "image|picture", lambda: catalog.load(DataConfig(name="folder", path=str(folder))))


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really PAR1"])
def test_bad_parquet_is_refused(tmp_path, content):
    path = tmp_path / "mine.parquet"
    path.write_bytes(content)
    refused(tmp_path, DataError, "parquet", lambda: catalog.load(DataConfig(name="parquet", path=str(path))))


def test_missing_data_say_where_they_belong(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_OFFLINE", "1")
    config = DataConfig(name="mnist", root=str(tmp_path))
    refused(tmp_path, DataError, str(tmp_path / "MNIST"), lambda: catalog.load(config))
