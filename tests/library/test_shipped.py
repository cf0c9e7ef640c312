"""The shipped runs of an installed lab are copied to the user's folder once, completely, and stay deleted."""

import os
import stat

import pytest

from simssl_core import library
from simssl_core.errors import RunError
from simssl_core.library import shipped
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import map_files, paths


@pytest.fixture
def source(tmp_path):
    """A read-only package with two runs and a folder that is not a run."""
    for name in ("demo-a", "demo-b"):
        (tmp_path / "package" / name / "map").mkdir(parents=True)
        (tmp_path / "package" / name / "run.json").write_text("{}")
        (tmp_path / "package" / name / "map" / map_files.INFO).write_text(name)
        (tmp_path / "package" / name / "run.json").chmod(0o444)
    (tmp_path / "package" / "notes").mkdir()
    return tmp_path / "package"


def test_each_run_is_copied_once_and_a_deleted_one_is_not_copied_again(source, tmp_path):
    root = tmp_path / "new" / "runs"
    assert shipped.copy(source, root) == ["demo-a", "demo-b"]
    assert (root / "demo-b" / "map" / map_files.INFO).read_text() == "demo-b"
    assert (root / "demo-a" / "run.json").stat().st_mode & stat.S_IWUSR  # the copy may be written to
    assert {path.name for path in root.iterdir()} == {"demo-a", "demo-b", ".lab"}
    os.rename(root / "demo-a", tmp_path / "gone")
    assert shipped.copy(source, root) == [] and not (root / "demo-a").exists()


def test_a_new_version_adds_its_new_runs_and_overwrites_nothing(source, tmp_path):
    shipped.copy(source, tmp_path / "runs")
    for name in ("demo-c", "demo-d"):
        (source / name).mkdir()
        (source / name / "run.json").write_text("{}")
    (tmp_path / "runs" / "demo-c").mkdir()
    (tmp_path / "runs" / "demo-c" / "mine").touch()
    assert shipped.copy(source, tmp_path / "runs") == ["demo-c", "demo-d"]
    assert [path.name for path in (tmp_path / "runs" / "demo-c").iterdir()] == ["mine"]
    assert (tmp_path / "runs" / "demo-d" / "run.json").exists()


def test_the_error_for_an_unwritable_folder_names_the_setting_to_change(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="SIMSSL_RUNS"):
        shipped.copy(source, tmp_path / "file" / "runs")


def test_the_root_of_the_runs(monkeypatch, tmp_path):
    monkeypatch.delenv("SIMSSL_RUNS", raising=False)
    assert paths.root() == PROJECT / "checkpoints"
    monkeypatch.setattr(paths, "INSTALLED", True)
    monkeypatch.setattr(paths.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.root() == tmp_path / "simssl" / "runs"
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "named"))
    assert paths.root() == tmp_path / "named" and paths.root(tmp_path / "given") == tmp_path / "given"


@pytest.mark.parametrize("named", ["value", "SIMSSL_RUNS"])
def test_only_the_default_folder_of_an_installed_lab_receives_the_runs(source, tmp_path, monkeypatch, named):
    monkeypatch.delenv("SIMSSL_RUNS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(paths, "shipped_root", lambda: source)
    shipped.bring()  # a checkout
    assert not (tmp_path / "simssl").exists()
    for module in (paths, shipped):
        monkeypatch.setattr(module, "INSTALLED", True)
    monkeypatch.setattr(paths.sys, "platform", "linux")
    other = tmp_path / "other"
    with monkeypatch.context() as patch:
        patch.setenv("SIMSSL_RUNS", str(other) if named == "SIMSSL_RUNS" else "")
        shipped.bring(other if named == "value" else None)
    assert not other.exists() and not (tmp_path / "simssl").exists()
    shipped.bring()
    assert {entry.run for entry in library.runs()} == {"demo-a", "demo-b"}
