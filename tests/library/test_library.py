"""The library of runs: listing, renaming, deleting and restoring them, export and import."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from simssl_core import library
from simssl_core.analysis import evaluate
from simssl_core.encoder import load
from simssl_core.errors import DataError, RunError
from simssl_core.library.archive import csv, from_zip, snippet, to_zip
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import paths, race_file
from simssl_core.storage.checkpoints import read_run
from simssl_core.storage.database import Store
from simssl_core.storage.locks import Lease
from tests.small_races import equal, trained, weights

pytestmark = pytest.mark.usefixtures("quick")

TORCH_FREE = (
    *("storage.database", "storage.map_files", "storage.race_file", "storage.run_record", "storage.evaluation_file"),
    *("storage.checkpoints", "jobs.launcher", "jobs.status", "jobs.queue", "jobs.session", "jobs.worker"),
    *("jobs.evaluator", "jobs.background_tasks", "library", "library.archive", "library.comparison", "data.catalog"),
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("shelf")
    trained(root)
    return root


@pytest.fixture
def root(shelf, tmp_path):
    """A copy of the shelf that a test may change."""
    return shutil.copytree(shelf, tmp_path / "runs")


def test_modules_for_pages_do_not_import_torch():
    imports = ", ".join(f"simssl_core.{name}" for name in TORCH_FREE)
    heavy = "{'torch', 'pandas', 'umap', 'sklearn', 'streamlit', 'plotly'}"
    script = f"import sys, {imports}; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    process = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_shipped_runs_need_no_store_and_none_is_created(root, tmp_path):
    shipped = tmp_path / "checkpoints"
    shutil.copytree(root / "r-vae", shipped / "demo-digits-vae")
    (entry,) = library.runs(shipped)
    assert (entry.run, entry.status, entry.shipped, entry.resumable) == ("demo-digits-vae", "finished", True, False)
    assert library.history(entry.run, ["loss"], shipped)["loss"][0][-1] == 12
    assert library.latest(entry.run, shipped)["loss"][0] == 12
    assert sorted(p.name for p in shipped.iterdir()) == ["demo-digits-vae"]


def test_a_history_from_the_folder_is_thinned_and_keeps_both_ends(root):
    full = library.history("r-vae", root=root)["loss"]
    for file in paths.lab(root).glob("store.sqlite*"):
        file.unlink()
    (paths.lab(root) / "r.json").unlink()
    thin = library.history("r-vae", root=root, max_points=2)["loss"]
    assert thin[0][0] == full[0][0] and thin[0][-1] == full[0][-1] and len(thin[0]) <= 3


def test_damaged_folders_are_listed_with_the_reason(root):
    (root / "r-vae" / "run.json").write_text('{"format": 1, "run"')
    (root / "empty").mkdir()
    entries = {entry.run: entry for entry in library.runs(root)}
    assert set(entries) == {"r-vae", "r-simclr"}
    assert entries["r-vae"].status == "damaged" and "JSON" in entries["r-vae"].reason
    library.delete("r-vae", root)
    assert [entry.run for entry in library.runs(root)] == ["r-simclr"]


def test_a_renamed_run_keeps_everything_and_its_race_finds_it(root):
    before = library.history("r-vae", root=root)
    assert library.rename("r-vae", "best", root) == "best"
    entry = library.find("best", root)
    assert (entry.run, entry.race, entry.status) == ("best", "r", "finished")
    assert read_run(root / "best").run == "best" and library.history("best", root=root) == before
    assert race_file.read(root, "r").runs == {"vae": "best", "simclr": "r-simclr"}
    with pytest.raises(RunError, match="already"):
        library.rename("best", "r-simclr", root)
    with pytest.raises(RunError, match="no such run"):
        library.rename("best", "../out", root)


def test_a_deleted_run_can_be_restored(root):
    before = library.history("r-vae", root=root)
    ticket = library.delete("r-vae", root)
    assert library.trash(root) == [ticket] and not (root / "r-vae").exists()
    assert library.restore(ticket, root) == "r-vae"
    assert library.history("r-vae", root=root) == before and library.find("r-vae", root).status == "finished"
    ticket = library.delete("r-vae", root)
    shutil.copytree(root / "r-simclr", root / "r-vae")
    assert library.restore(ticket, root) == "r-vae-2" and read_run(root / "r-vae-2").objective == "vae"
    library.delete("r-vae", root)
    library.delete("r-vae-2", root)
    assert (paths.lab(root) / "r.json").exists()
    library.delete("r-simclr", root)
    assert not (paths.lab(root) / "r.json").exists() and Store(root).races() == []  # the name of the race is free again
    assert library.empty_trash(root) == 3 and library.trash(root) == []


def test_a_run_under_way_cannot_be_deleted_or_renamed(root):
    lease = Lease(paths.lease_file(root, "r"))
    lease.take()
    Store(root).update_race("r", status="training", heartbeat=9e9)
    for action in (lambda: library.delete("r-vae", root), lambda: library.rename("r-vae", "x", root)):
        with pytest.raises(RunError, match="stop it before"):
            action()
    lease.release()


def test_sizes_count_every_file(root):
    sizes = library.sizes(root)
    assert sizes["r-vae"] == sum(file.stat().st_size for file in (root / "r-vae").rglob("*") if file.is_file()) > 10_000


def test_an_exported_run_can_be_imported(root, tmp_path):
    content = to_zip("r-vae", root)
    assert content == to_zip("r-vae", root)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"r-vae/run.json", "r-vae/weights.safetensors", "r-vae/history.csv"} == set(archive.namelist())
    elsewhere = tmp_path / "elsewhere"
    assert from_zip(content, elsewhere) == "r-vae" and from_zip(content, elsewhere) == "r-vae-2"
    assert equal(weights(elsewhere / "r-vae-2"), weights(root / "r-vae"))
    assert {entry.status for entry in library.runs(elsewhere)} == {"finished"}
    assert sorted(p.name for p in elsewhere.iterdir()) == ["r-vae", "r-vae-2"]
    assert load(elsewhere / "r-vae-2").record.run == "r-vae-2"


def test_csv_and_snippet(root):
    lines = csv("r-vae", root).splitlines()
    assert lines[0] == "step,seconds,name,value" and any(line.startswith("12,") for line in lines)
    text = snippet("r-vae", root)
    assert len(text.splitlines()) == 3
    namespace = {"images": np.zeros((2, 8, 8), np.float32)}
    exec(text, namespace)
    assert namespace["z"].shape == (2, 6)


def test_evaluating_again_gives_the_same_scores(root):
    first = evaluate.evaluate(root / "r-vae", device="cpu")
    assert first == evaluate.evaluate(root / "r-vae", device="cpu") and 0 <= first["linear"] <= 1
    evaluate.save_scores(root / "r-vae", {"linear": 0.5})
    assert json.loads((root / "r-vae" / "run.json").read_text())["scores"]["linear"] == 0.5
    with pytest.raises(DataError, match="trained on images"):
        evaluate.evaluate(root / "r-vae", device="cpu", data={"name": "sprites"})
