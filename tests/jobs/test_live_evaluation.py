"""Live evaluation keeps within its share, takes members in turn, does not affect training, and survives a crash."""

import os
import signal
import types

import numpy as np
import pytest

from simssl_core import library
from simssl_core.data.probe_set import Plan
from simssl_core.evaluation.measurement import Encodings
from simssl_core.jobs import evaluator_process, live_evaluation, session
from simssl_core.jobs.live_evaluation import LiveEvaluation
from simssl_core.jobs.messages import Job
from simssl_core.storage import map_files
from simssl_core.storage.database import Store
from tests.small_races import equal, small, trained, until, weights

pytestmark = pytest.mark.usefixtures("quick")


class Clock:
    """Stands in for a race; the test sets its step and its elapsed seconds."""

    def __init__(self, members, share, total):
        train = types.SimpleNamespace(probe_share=share)
        self.config, self.members, self.live = types.SimpleNamespace(train=train), members, members
        self.step, self.elapsed, self.total = 0, 0.0, total

    @property
    def done(self):
        return self.elapsed / self.total


def schedule(members, share, total, cost, ready=0.0, drawing=0.0):
    """The times at which each member is measured in a simulated race with steps of 0.1 s, and the share spent.

    UMAP is compiled after ``ready`` seconds: the first measurement after that also pays the ``drawing`` seconds of each
    frame that waited for it.
    """
    race = Clock(dict.fromkeys(members), share, total)
    live_evaluation = object.__new__(LiveEvaluation)
    live_evaluation.race = race
    live_evaluation.blocked, live_evaluation.cpu = 0.0, 0.0
    live_evaluation._elapsed_at_start = 0.0
    live_evaluation._owed = 0
    live_evaluation._cost = {}
    live_evaluation._count = dict.fromkeys(members, 0)
    live_evaluation._sent = None
    live_evaluation.evaluator = object()
    live_evaluation._receive = lambda: None
    times = {name: [] for name in members}

    def measure(label):
        times[label].append(race.elapsed)
        live_evaluation._count[label] += 1
        live_evaluation._owed += drawing > 0
        compiled = race.elapsed >= ready
        paid = cost + drawing * live_evaluation._owed * compiled
        live_evaluation.blocked += cost / 2
        live_evaluation.cpu += paid - cost / 2
        live_evaluation._cost[label] = paid
        live_evaluation._owed *= not compiled

    live_evaluation.measure = measure
    while race.done < 1:
        race.step, race.elapsed = race.step + 1, race.elapsed + 0.1
        live_evaluation.tick()
    return times, live_evaluation.spent / race.elapsed


@pytest.mark.parametrize("members", ["a", "abcd"])
@pytest.mark.parametrize(("share", "total"), [(0.08, 240.0), (0.08, 30.0), (0.3, 100.0), (0.01, 600.0)])
def test_measurements_keep_within_the_share_and_take_the_members_in_turn(members, share, total):
    cost = 0.5
    times, spent = schedule(members, share, total, cost)
    assert spent <= share + cost / total  # the cost of the first measurement is not known in advance
    counts = [len(t) for t in times.values()]
    assert max(counts) - min(counts) <= 1
    assert times["a"][0] <= 2.1
    assert sum(counts) >= int(0.8 * share * total / cost) or spent >= 0.8 * share


@pytest.mark.parametrize("total", [30.0, 60.0, 240.0])
def test_frames_that_wait_for_umap_count_towards_the_share(total):
    cost, drawing = 0.4, live_evaluation.UMAP_SECONDS
    times, spent = schedule("a", 0.08, total, cost, ready=14.0, drawing=drawing)
    assert spent <= 0.08 + (cost + drawing) / total and len(times["a"]) >= 2


def test_a_share_of_zero_means_no_measurement():
    times, spent = schedule("ab", 0.0, 100.0, 0.5)
    assert spent == 0 and not any(times.values())


def test_a_slow_model_is_measured_on_fewer_images():
    assert live_evaluation._halved(1.0, lambda part: True) == 1.0
    assert live_evaluation._halved(1.0, lambda part: part <= 0.3) == 0.25
    assert live_evaluation._halved(1.0, lambda part: False) == 0.125


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A race measured as often as possible, and in full at the end."""
    root = tmp_path_factory.mktemp("measured")
    config = small(steps=150, probe_share=0.5, probe_images=100, map_points=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMSSL_MAP", "pca")
        return root, list(session.run_race(config, root))[-1]


def test_scores_and_frames_are_saved_in_store_and_folder(measured):
    root, report = measured
    for label, run in report.runs.items():
        entry = library.find(run, root)
        assert {"linear", "knn", "mlp", "style_r2", "style_share", "effective_rank"} <= set(entry.scores)
        assert entry.scores["linear"] > 0.3  # chance is 0.1
        assert report.scores[label] == entry.scores
        curves = library.history(run, root=root)
        assert curves["linear"][0][-1] == 150 and curves["probe_share"][1][-1] < 2
        info, steps = map_files.info(run, root), map_files.frames(run, root)
        assert steps[-1] == 150 and info["kinds"] == ["pca"] and info["frames"] == steps
        frame, points = map_files.frame(run, steps[-1], root), map_files.points(run, root)
        assert frame["pca"].shape == (info["count"], 3) and len(points) == info["count"]
        assert map_files.sheet(run, root)[:4] == b"RIFF"


def test_the_final_measurement_includes_confidence_intervals(measured):
    from simssl_core.library import comparison
    from simssl_core.storage import evaluation_file

    root, report = measured
    for label, run in report.runs.items():
        evaluation = evaluation_file.read(root / run)
        assert evaluation_file.is_current(evaluation, root / run), "it belongs to the saved weights"
        assert evaluation.step == 150 and evaluation.test == 100 and evaluation.spectrum[0] == 1.0
        assert evaluation.intervals["linear"].value == pytest.approx(report.scores[label]["linear"])
    compared = comparison.compare(library.runs(root))
    assert all(group.scores["linear"].error > 0 for group in compared.groups)
    assert set(compared.unmeasured) == set(report.runs.values()), "layers are only measured on request"


def test_measuring_does_not_change_the_training(measured, tmp_path):
    root, report = measured
    assert any(event.kind == "start" for event in Store(root).events(report.race))
    plain = trained(tmp_path, steps=150)
    for label, run in report.runs.items():
        assert equal(weights(root / run), weights(tmp_path / plain.runs[label]))


def test_a_dead_evaluator_is_replaced_once_and_never_ends_the_training(tmp_path):
    killed = []
    config = small("vae", steps=100_000, seconds=60.0, probe_share=0.4, probe_images=100, map_points=100)
    running = session.run_race(config, tmp_path, final=False)
    running_session = running.gi_frame.f_locals["self"]
    for report in running:
        evaluator = running_session.live_evaluation.evaluator if running_session.live_evaluation else None
        if evaluator is not None and evaluator.busy and evaluator.pid not in killed:
            os.kill(evaluator.pid, signal.SIGKILL)
            killed.append(evaluator.pid)
        if len(killed) == 2 and evaluator is None and report.step > 50:
            running.close()
    texts = [event.text for event in Store(tmp_path).events("r", kinds=["evaluator"])]
    assert len(killed) == 2 and len(texts) == 2
    assert "started again" in texts[0] and "without" in texts[1]
    assert report.status == "training"


def test_an_evaluator_ends_with_its_parent(tmp_path):
    from simssl_core.jobs.evaluator import Evaluator

    evaluator = Evaluator()
    evaluator._child.stdin.close()  # as when the parent process dies
    until(lambda: evaluator._child.poll() is not None, 60, "the end of the evaluator")
    evaluator.close()


class Projector:
    """Fills each layout with a number that shows from which layout it was started."""

    def __init__(self, seed=0):
        pass

    def pca(self, features, previous=None):
        return np.full((len(features), 3), 0 if previous is None else previous[0, 0] + 1, np.float32)

    def umap(self, features, previous=None):
        return np.full((len(features), 2), 10 if previous is None else previous[0, 0] + 1, np.float32)

    def umap3(self, features):
        return np.zeros((len(features), 3), np.float32)


def test_frames_made_before_umap_is_ready_are_completed_later(monkeypatch):
    from simssl_core.evaluation import scores
    from simssl_core.latent import projection

    monkeypatch.setattr(projection, "Projector", Projector)
    monkeypatch.setattr(scores, "score", lambda features, full=False: {"linear": float(full)})
    warm_up = types.SimpleNamespace(ready=False, wanted=True, trouble=None, cpu=0.0, join=lambda: None)
    evaluator = evaluator_process.Measurements(warm_up)

    def job(step, full=False, previous=None):
        features = types.SimpleNamespace(map=np.zeros((4, 2), np.float32))
        return evaluator.do(Job("a", step, Encodings(features, full=full), previous))

    first = job(1, previous={"pca": np.full((4, 3), 7, np.float32), "umap": np.full((4, 2), 70, np.float32)})
    assert [(step, set(layouts)) for step, layouts in first.frames] == [(1, {"pca"})]
    assert first.frames[0][1]["pca"][0, 0] == 8 and first.compiled is None  # starts from the last saved frame
    assert job(2).measurement.scores == {"linear": 0.0}
    warm_up.ready, warm_up.cpu = True, 9.0
    third = job(3)
    assert third.compiled == 9.0
    assert [(step, float(f["umap"][0, 0]), float(f["pca"][0, 0])) for step, f in third.frames] == [
        (1, 71, 8),
        (2, 72, 9),
        (3, 73, 10),
    ]
    last = job(4, full=True)
    assert [step for step, _ in last.frames] == [4] and set(last.frames[0][1]) == {"umap", "pca", "umap3"}
    assert last.measurement.scores == {"linear": 1.0} and last.compiled is None
    assert last.measurement.intervals is None and "how far off" in last.trouble, "the features have no test images"


def test_a_failed_measurement_is_described_in_the_result():
    warm_up = types.SimpleNamespace(ready=False, wanted=False, trouble=None, cpu=0.0)
    result = evaluator_process.Measurements(warm_up).do(Job("a", 1, Encodings(object())))
    assert "measurement failed" in result.trouble and result.measurement is None and result.frames == ()


def test_the_plan_is_saved_in_the_race_file(measured):
    from simssl_core.storage import race_file

    root, report = measured
    assert Plan(**race_file.read(root, report.race).plan).map_points >= 100
