"""The full measurement: what is kept, that it fits the weights, that damage is told, and how runs are laid together."""

from __future__ import annotations

import json
import math

import pytest

from simssl_core import library
from simssl_core.analysis import evaluate
from simssl_core.errors import CheckpointError
from simssl_core.evaluation.scores import score
from simssl_core.library import archive, comparison
from simssl_core.storage import evaluation_file
from simssl_core.storage.run_record import read_run
from tests.small_runs import small_runs

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "digits", ["vae", "simclr"], points=100)
    for run in ("small-vae", "small-simclr"):
        evaluate.save_evaluation(root / run, list(evaluate.evaluate_in_full(root / run, images=200))[-1].findings)
    return root


def test_it_says_what_score_says_and_how_sure_it_is(shelf):
    from simssl_core.analysis.trained_run import open_trained_run
    from simssl_core.evaluation.features import collect
    from simssl_core.evaluation.measurement import full_plan

    found = evaluation_file.read(shelf / "small-simclr")
    run = open_trained_run(shelf / "small-simclr", images=200)
    again = score(collect(run.objective.encode, run.dataset, run.view_maker, full_plan(200)), full=True)
    assert found.scores == pytest.approx(again, abs=1e-4)
    assert {"linear", "mlp", "style_r2", "style:crop_x"} <= set(found.intervals)
    assert found.intervals["linear"].low < found.scores["linear"] < found.intervals["linear"].high


def test_layers_go_from_the_backbone_outwards(shelf):
    layers = evaluation_file.read(shelf / "small-simclr").layers
    names = [layer.name for layer in layers]
    assert names[:2] == ["backbone", "representation"] and names[-1] == "projection" and layers[1].width == 12
    assert [layer.name for layer in evaluation_file.read(shelf / "small-vae").layers] == names[:2]
    assert layers[1].linear == pytest.approx(evaluation_file.read(shelf / "small-simclr").scores["linear"], abs=1e-6)


def test_the_spectrum_falls_from_one_and_gives_the_effective_rank(shelf):
    found = evaluation_file.read(shelf / "small-simclr")
    assert found.spectrum[0] == 1.0 and list(found.spectrum) == sorted(found.spectrum, reverse=True)
    shares = [v / sum(found.spectrum) for v in found.spectrum]
    assert math.exp(-sum(p * math.log(p) for p in shares if p)) == pytest.approx(
        found.scores["effective_rank"], rel=1e-4
    )


def test_the_record_has_the_scores_too(shelf):
    record = read_run(shelf / "small-simclr")
    assert record.scores["mlp"] == evaluation_file.read(shelf / "small-simclr").scores["mlp"]


def test_elbo_is_measured_when_asked_and_not_lost_by_the_next(shelf, tmp_path, monkeypatch):
    import shutil

    folder = shutil.copytree(shelf / "small-vae", tmp_path / "small-vae")
    monkeypatch.setattr(evaluate, "ELBO_SECONDS", 1.0)
    steps = list(evaluate.evaluate_in_full(folder, images=64, elbo=True))
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0
    evaluate.save_evaluation(folder, steps[-1].findings)
    elbo = evaluation_file.read(folder).elbo
    assert elbo.total == elbo.reconstruct + elbo.entropy + elbo.prior and elbo.error > 0 and elbo.views == 2
    evaluate.save_evaluation(folder, steps[-1].findings.model_copy(update={"elbo": None}))
    assert evaluation_file.read(folder).elbo == elbo


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not readable"),
        ("[]", "JSON object"),
        ('{"format": 9}', "update the lab"),
        ('{"format": 1, "weights": "x", "step": 0, "spectrum": [2.0]}', "between 0 and 1"),
        ('{"format": 1, "weights": "x", "step": 0, "scores": {"linear": NaN}}', "finite"),
        ('{"format": 1, "weights": "x", "step": 0, "more": 1}', "not a setting"),
    ],
)
def test_a_damaged_file_is_told(tmp_path, text, told):
    (tmp_path / evaluation_file.FILE).write_text(text)
    with pytest.raises(CheckpointError, match=told):
        evaluation_file.read(tmp_path)


def test_the_zip_carries_it(shelf, tmp_path):
    run = archive.from_zip(archive.to_zip("small-simclr", shelf), tmp_path)
    assert evaluation_file.is_current(evaluation_file.read(tmp_path / run), tmp_path / run)


def test_what_was_measured_on_other_weights_gives_no_errors(shelf):
    entry = library.find("small-simclr", shelf)
    known = comparison.compare([entry]).groups[0]
    assert known.scores["linear"].over == "held-out data" and known.scores["linear"].error > 0 and known.layers
    path = shelf / "small-simclr" / evaluation_file.FILE
    kept = path.read_text()
    path.write_text(json.dumps(json.loads(kept) | {"weights": "0" * 16}))
    compared = comparison.compare([entry])
    path.write_text(kept)
    assert compared.unmeasured == ("small-simclr",) and not compared.groups[0].layers
    assert math.isnan(compared.groups[0].scores["linear"].error)


def test_damage_leaves_the_other_runs_alone(shelf):
    path = shelf / "small-vae" / evaluation_file.FILE
    kept = path.read_text()
    path.write_text(kept[:100])
    compared = comparison.compare(library.runs(shelf))
    path.write_text(kept)
    assert set(compared.trouble) == {"small-vae"} and len(compared.groups) == 2


def seeds(shelf, values, **changes):
    """Entries of one run that differ in their seed and in ``linear``."""
    from dataclasses import replace

    entry = library.find("small-simclr", shelf)
    for seed, value in enumerate(values):
        train = entry.config["train"] | {"seed": seed, "threads": seed} | changes.get(str(seed), {})
        config = entry.config | {"train": train, "name": f"s{seed}"}
        yield replace(entry, run=f"s{seed}-simclr", config=config, scores={"linear": value})


def test_seeds_make_one_row_with_mean_and_deviation(shelf):
    compared = comparison.compare(list(seeds(shelf, [0.5, 0.6, 0.7])))
    assert [group.title for group in compared.groups] == ["simclr (3 seeds)"]
    number = compared.groups[0].scores["linear"]
    assert (number.value, number.error, number.over) == (pytest.approx(0.6), pytest.approx(0.1), "seeds")
    assert number.high - number.value == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-3)


def test_another_setting_makes_another_row(shelf):
    compared = comparison.compare(list(seeds(shelf, [0.5, 0.6], **{"1": {"learning_rate": 0.5}})))
    assert [group.title for group in compared.groups] == ["s0-simclr", "s1-simclr"]
