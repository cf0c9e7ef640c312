"""A score from outside the package is computed, titled and explained wherever its row says; and it can be forgotten."""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pages.shared import glossary
from pages.train_parts import charts, snapshots
from simssl_core import metrics, presets
from simssl_core.analysis import evaluate
from simssl_core.cli import main, options
from simssl_core.config import RunConfig
from simssl_core.errors import ConfigError
from simssl_core.evaluation.layers import layer_scores
from simssl_core.evaluation.measurement import Encodings
from simssl_core.evaluation.scores import compute, score
from simssl_core.jobs import launcher
from simssl_core.jobs.evaluator import Evaluator
from simssl_core.jobs.messages import Job
from simssl_core.metrics import Metric, measures
from simssl_core.storage import evaluation_file
from simssl_core.storage.database import Store
from simssl_core.study import results, worker
from simssl_core.study.plan import Cell
from tests.evaluation.planted import features
from tests.pages.test_app import page
from tests.small_runs import small_runs

ROOT = Path(__file__).parents[1]
TITLE, HELP = "Share of the first direction", "How much of the variance lies along the strongest direction."
# A whole metric, as somebody would write it: one file, which needs nothing but this lab.
SOURCE = f'''
import torch

from simssl_core.metrics import measures


@measures(
    "first_direction",
    title="{TITLE}",
    family="geometry",
    unit="share of the variance",
    better="lower",
    low=0.0,
    high=1.0,
    help="{HELP}",
    reads=("test",),
    place=45,
    tables=("compare", "runs", "train", "shell", "study"),
    column="first direction",
    layers=True,
)
def first_direction(test):
    values = torch.linalg.svdvals(torch.tensor(test) - torch.tensor(test).mean(0)).square()
    return (values[0] / values.sum()).item()
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The file, importable from here and from child processes."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my_metric.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path / "mine")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    yield "my_metric"
    sys.modules.pop("my_metric", None)


@pytest.fixture
def registered(module):
    """Importing the file is all it takes in this process."""
    importlib.import_module(module)
    yield metrics.get("first_direction")
    metrics.unregister("first_direction")


@pytest.fixture
def shelf(registered, tmp_path, monkeypatch):
    """Two small runs, measured in full."""
    root = tmp_path / "runs"
    root.mkdir()
    monkeypatch.setenv("SIMSSL_RUNS", str(root))
    for run in small_runs(root, "digits", ["vae", "simclr"], points=100):
        *_, last = evaluate.evaluate_in_full(root / run, images=100)
        evaluate.save_evaluation(root / run, last.findings)
    return root


def in_a_process(code: str, cwd: Path, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def expected(test: np.ndarray) -> float:
    values = np.linalg.svd(test - test.mean(0), compute_uv=False) ** 2
    return values[0] / values.sum()


def test_score_computes_it_live_and_in_full(registered):
    found = features()
    for full in (False, True):
        assert score(found, full)["first_direction"] == pytest.approx(expected(found.test), rel=1e-5)
    assert layer_scores({"backbone": found})["backbone"]["first_direction"] == score(found)["first_direction"]


@pytest.mark.parametrize(("measured", "live", "full"), [("live", True, False), ("full", False, True)])
def test_it_is_measured_when_its_row_says(measured, live, full):
    @measures("constant", title="Constant", family="geometry", tables=(), measured=measured)
    def constant(whole):
        return float(whole.width)

    try:
        assert [("constant" in score(features(), kind)) for kind in (False, True)] == [live, full]
    finally:
        metrics.unregister("constant")


def columns(at) -> dict[str, dict]:
    return json.loads(at.dataframe[0].proto.columns)


def test_compare_and_runs_show_it_with_title_and_help(shelf):
    compare, runs = page("compare").run(), page("runs").run()
    assert not compare.exception and not runs.exception
    for at in (compare, runs):
        about = columns(at)["first_direction"]
        assert about["label"] == TITLE and about["help"] == HELP == glossary.of_score("first_direction")
        assert at.dataframe[0].value["first_direction"].between(0, 1).all()
    layers = evaluation_file.read(shelf / "small-vae").layers
    assert all(0 < layer.value("first_direction") <= 1 for layer in layers)


def test_train_draws_its_curve(registered, tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    config = RunConfig(name="seen", data={"name": "digits"}, members=["vae", "simclr"])
    name = launcher.register(config, tmp_path, status="stopped").race
    rows = [(f"seen-{label}", 1, 0.1, "first_direction", 0.25) for label in ("vae", "simclr")]
    Store(tmp_path).add_metrics(rows)
    side_by_side = charts.sections(snapshots.read(name))[1]["panels"]
    assert [panel["title"] for panel in side_by_side] == [
        *("Content: linear probe", "Style: mean R²", "Effective rank"),
        TITLE,
    ]
    assert all(curve["y"] for curve in side_by_side[-1]["series"]) and side_by_side[-1]["high"] == 1


def test_the_shell_prints_it(shelf, capsys):
    assert options.main_scores()[-1] == "first_direction"
    arguments = ["evaluate", "small-vae", "--root", str(shelf), "--device", "cpu", "--images", "100"]
    assert main([*arguments, "--json"]) == 0
    assert 0 < json.loads(capsys.readouterr().out)["scores"]["first_direction"] <= 1
    assert main(arguments) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("first_direction"))
    assert "share of the variance" in line and line.endswith("lower")


def test_a_study_measures_it_and_has_a_column_for_it(registered):
    config = presets.recommended(
        "digits", ["vae"], train={"steps": 2, "batch": 32}, data={"train": 128, "test": 80}
    ).model_copy(update={"name": ""})
    *_, found = worker.outcome(Cell(config, False, True), "cpu")
    assert {"first_direction", "layer:backbone:first_direction"} <= set(found["scores"])
    table = results.tidy([found | {"config": config.model_dump(mode="json")}])
    head, _, row = (line.split(" | ") for line in results.markdown(table, "digits").splitlines())
    place = head.index("first direction")
    assert head[place - 1] == "effective rank" and row[place] == f"{found['scores']['first_direction']:.3f}"


def test_named_in_the_environment_it_reaches_the_evaluator_and_pages_without_torch(module, monkeypatch):
    monkeypatch.setenv("SIMSSL_METRICS", module)
    monkeypatch.setenv("SIMSSL_MAP", "pca")
    code = (
        "import sys; from simssl_core import metrics; print(metrics.title('first_direction'), 'torch' in sys.modules)"
    )
    assert in_a_process(code, ROOT) == f"{TITLE} False"
    found = features()
    evaluator = Evaluator()
    try:
        evaluator.submit(Job("a", 1, Encodings(found)))
        result = evaluator._results.get(timeout=60)
    finally:
        evaluator.close()
    assert result.trouble is None
    assert result.measurement.scores["first_direction"] == pytest.approx(expected(found.test), rel=1e-5)


def test_inside_the_package_one_file_is_all(tmp_path):
    for folder in ("simssl_core", "tests/evaluation"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "simssl_core" / "evaluation" / "first_direction.py").write_text(SOURCE)
    code = (
        "from simssl_core import metrics; from simssl_core.evaluation.scores import score\n"
        "from tests.evaluation.planted import features\n"
        "print(metrics.column('first_direction'), 'first_direction' in score(features()))"
    )
    assert in_a_process(code, tmp_path, PYTHONPATH="") == "first direction True"


def test_a_module_that_is_not_there_is_named(tmp_path):
    code = (
        "from simssl_core import errors, metrics\ntry: metrics.rows()\nexcept errors.ConfigError as error: print(error)"
    )
    assert "'nowhere_at_all'" in in_a_process(code, ROOT, SIMSSL_METRICS="nowhere_at_all")


def test_it_is_forgotten(module):
    importlib.import_module(module)
    metrics.unregister("first_direction")
    assert metrics.get("first_direction") is None and "first_direction" not in score(features())
    assert metrics.title("first_direction") == "First direction" and glossary.of_score("first_direction") is None


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"name": "linear", "title": "Mine", "help": "Mine."}, "there is a metric 'linear' already"),
        ({"name": "Mine!", "title": "Mine", "help": "Mine."}, "cannot be a metric's name"),
        ({"name": "mine", "title": "Mine"}, "is shown in tables but has no explanation"),
    ],
)
def test_a_row_that_cannot_be_is_refused(about, words):
    with pytest.raises(ConfigError, match=words):
        metrics.register(Metric(family="geometry", **about), lambda features: 0.0)
    assert metrics.get("mine") is None


def test_a_row_without_a_function_is_refused():
    with pytest.raises(ConfigError, match="give the function"):
        metrics.register(Metric("mine", "Mine", "geometry", help="Mine."))


@pytest.mark.parametrize("argument", ["title=NAME", "title='Mine', colour='red'", "'twice'", "**ABOUT"])
def test_declarations_that_cannot_be_read_as_text_are_refused_with_their_line(tmp_path, argument):
    file = tmp_path / "mine.py"
    file.write_text(f"\n@measures('mine', {argument})\ndef mine(features): ...\n")
    with pytest.raises(ConfigError, match=r"mine.py, line 2"):
        metrics.read_source(file, "mine")


def test_answers_that_do_not_fit_the_declaration_are_refused():
    @measures("one", title="One", family="geometry", tables=())
    @measures("two", title="Two", family="geometry", tables=())
    def both(whole):
        return answers.pop()

    answers = [{"one": 1.0, "three": 3.0}, 1.0, {"one": 1.0, "two": math.nan}]
    rows = [metrics.get("one"), metrics.get("two")]
    try:
        assert compute(features(), rows)["one"] == 1.0
        with pytest.raises(ConfigError, match="a number for each by name"):
            compute(features(), rows)
        with pytest.raises(ConfigError, match="'three', which no @measures declares"):
            compute(features(), rows)
    finally:
        metrics.unregister("one")
        metrics.unregister("two")
