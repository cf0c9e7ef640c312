"""Live measurement: within its share, in turn, without a trace in the training, and it survives a dead evaluator."""

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
    """A race that exists only as two numbers."""

    def __init__(self, members, share, total):
        train = types.SimpleNamespace(probe_share=share)
        self.config, self.members, self.live = types.SimpleNamespace(train=train), members, members
        self.step, self.elapsed, self.total = 0, 0.0, total

    @property
    def done(self):
        return self.elapsed / self.total


def schedule(members, share, total, cost, ready=0.0, drawing=0.0):
    """When each member is measured, in a simulated race of steps of 0.1 s. UMAP is compiled after ``ready`` seconds:
    the ``drawing`` of frames until then is paid at once, with the first measurement that follows."""
    race = Clock(dict.fromkeys(members), share, total)
    live_evaluation = object.__new__(LiveEvaluation)
    live_evaluation.race, live_evaluation.blocked, live_evaluation.cpu, live_evaluation._from, live_evaluation._sent = (
        race,
        0.0,
        0.0,
        0.0,
        None,
    )
    live_evaluation._owed = 0
    live_evaluation._cost, live_evaluation._count, live_evaluation.evaluator = {}, dict.fromkeys(members, 0), object()
    live_evaluation._receive = lambda: None
    times = {name: [] for name in members}

    def take(label):
        times[label].append(race.elapsed)
        live_evaluation._count[label] += 1
        live_evaluation._owed += drawing > 0
        drawn = race.elapsed >= ready
        paid = cost + drawing * live_evaluation._owed * drawn
        live_evaluation.blocked, live_evaluation.cpu = (
            live_evaluation.blocked + cost / 2,
            live_evaluation.cpu + paid - cost / 2,
        )
        live_evaluation._cost[label] = paid
        live_evaluation._owed *= not drawn

    live_evaluation.measure = take
    while race.done < 1:
        race.step, race.elapsed = race.step + 1, race.elapsed + 0.1
        live_evaluation.tick()
    return times, live_evaluation.spent / race.elapsed


@pytest.mark.parametrize("members", ["a", "abcd"])
@pytest.mark.parametrize(("share", "total"), [(0.08, 240.0), (0.08, 30.0), (0.3, 100.0), (0.01, 600.0)])
def test_the_share_is_kept_and_the_members_take_turns(members, share, total):
    cost = 0.5
    times, spent = schedule(members, share, total, cost)
    assert spent <= share + cost / total  # the first one's cost is not known before it is made
    counts = [len(t) for t in times.values()]
    assert max(counts) - min(counts) <= 1
    assert times["a"][0] <= 2.1
    assert sum(counts) >= int(0.8 * share * total / cost) or spent >= 0.8 * share


@pytest.mark.parametrize("total", [30.0, 60.0, 240.0])
def test_frames_that_wait_for_umap_are_paid_for_within_the_share(total):
    cost, drawing = 0.4, live_evaluation.UMAP_SECONDS
    times, spent = schedule("a", 0.08, total, cost, ready=14.0, drawing=drawing)
    assert spent <= 0.08 + (cost + drawing) / total and len(times["a"]) >= 2


def test_no_share_no_measurement():
    times, spent = schedule("ab", 0.0, 100.0, 0.5)
    assert spent == 0 and not any(times.values())


def test_a_slow_model_is_measured_on_fewer_images():
    assert live_evaluation._halved(1.0, lambda part: True) == 1.0
    assert live_evaluation._halved(1.0, lambda part: part <= 0.3) == 0.25
    assert live_evaluation._halved(1.0, lambda part: False) == 0.125


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A race measured as often as can be, and in full at the end."""
    root = tmp_path_factory.mktemp("measured")
    config = small(steps=150, probe_share=0.5, probe_images=100, map_points=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMSSL_MAP", "pca")
        return root, list(session.run_race(config, root))[-1]


def test_scores_and_frames_reach_store_and_folder(measured):
    root, report = measured
    for label, run in report.runs.items():
        entry = library.find(run, root)
        assert {"linear", "knn", "mlp", "style_r2", "style_share", "effective_rank"} <= set(entry.scores)
        assert entry.scores["linear"] > 0.3  # chance is 0.1
        assert report.scores[label] == entry.scores
        curves = library.history(run, root=root)
        assert curves["linear"][0][-1] == 150 and curves["probe_share"][1][-1] < 2
        about, steps = map_files.info(run, root), map_files.frames(run, root)
        assert steps[-1] == 150 and about["kinds"] == ["pca"] and about["frames"] == steps
        frame, points = map_files.frame(run, steps[-1], root), map_files.points(run, root)
        assert frame["pca"].shape == (about["count"], 3) and len(points) == about["count"]
        assert map_files.sheet(run, root)[:4] == b"RIFF"


def test_the_end_of_a_training_tells_how_sure_its_numbers_are(measured):
    from simssl_core.library import comparison
    from simssl_core.storage import evaluation_file

    root, report = measured
    for label, run in report.runs.items():
        found = evaluation_file.read(root / run)
        assert evaluation_file.is_current(found, root / run), "bound to the weights that stay on the disk"
        assert found.step == 150 and found.test == 100 and found.spectrum[0] == 1.0
        assert found.intervals["linear"].value == pytest.approx(report.scores[label]["linear"])
    compared = comparison.compare(library.runs(root))
    assert all(group.scores["linear"].error > 0 for group in compared.groups)
    assert set(compared.unmeasured) == set(report.runs.values()), "the layers are left to the full measurement"


def test_measuring_leaves_no_trace_in_the_training(measured, tmp_path):
    root, report = measured
    assert any(event.kind == "start" for event in Store(root).events(report.race))
    plain = trained(tmp_path, steps=150)
    for label, run in report.runs.items():
        assert equal(weights(root / run), weights(tmp_path / plain.runs[label]))


def test_a_dead_evaluator_is_replaced_once_and_never_ends_the_training(tmp_path):
    killed = []
    config = small("vae", steps=100_000, seconds=60.0, probe_share=0.4, probe_images=100, map_points=100)
    running = session.run_race(config, tmp_path, final=False)
    me = running.gi_frame.f_locals["self"]
    for report in running:
        evaluator = me.live_evaluation.evaluator if me.live_evaluation else None
        if evaluator is not None and evaluator.busy and evaluator.pid not in killed:
            os.kill(evaluator.pid, signal.SIGKILL)
            killed.append(evaluator.pid)
        if len(killed) == 2 and evaluator is None and report.step > 50:
            running.close()
    texts = [e.text for e in Store(tmp_path).events("r", kinds=["evaluator"])]
    assert len(killed) == 2 and len(texts) == 2
    assert "started again" in texts[0] and "without" in texts[1]
    assert report.status == "training"


def test_an_evaluator_ends_with_its_parent(tmp_path):
    from simssl_core.jobs.evaluator import Evaluator

    evaluator = Evaluator()
    evaluator._child.stdin.close()  # what the death of the parent does
    until(lambda: evaluator._child.poll() is not None, 60, "the evaluator ends")
    evaluator.close()


class Projector:
    """Layouts that say how they were made."""

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
    warm = types.SimpleNamespace(ready=False, wanted=True, trouble=None, cpu=0.0, join=lambda: None)
    evaluator = evaluator_process.Measurements(warm)

    def job(step, full=False, previous=None):
        features = types.SimpleNamespace(map=np.zeros((4, 2), np.float32))
        return evaluator.do(Job("a", step, Encodings(features, full=full), previous))

    first = job(1, previous={"pca": np.full((4, 3), 7, np.float32), "umap": np.full((4, 2), 70, np.float32)})
    assert [(step, set(layouts)) for step, layouts in first.frames] == [(1, {"pca"})]
    assert first.frames[0][1]["pca"][0, 0] == 8 and first.compiled is None  # goes on from the last frame on the disk
    assert job(2).measurement.scores == {"linear": 0.0}
    warm.ready, warm.cpu = True, 9.0
    third = job(3)
    assert third.compiled == 9.0
    assert [(s, float(f["umap"][0, 0]), float(f["pca"][0, 0])) for s, f in third.frames] == [
        (1, 71, 8),
        (2, 72, 9),
        (3, 73, 10),
    ]
    last = job(4, full=True)
    assert [s for s, _ in last.frames] == [4] and set(last.frames[0][1]) == {"umap", "pca", "umap3"}
    assert last.measurement.scores == {"linear": 1.0} and last.compiled is None
    assert last.measurement.intervals is None and "how far off" in last.trouble, "the features have no test images"


def test_what_cannot_be_measured_is_told():
    warm = types.SimpleNamespace(ready=False, wanted=False, trouble=None, cpu=0.0)
    result = evaluator_process.Measurements(warm).do(Job("a", 1, Encodings(object())))
    assert "measurement failed" in result.trouble and result.measurement is None and result.frames == ()


def test_a_plan_is_kept_by_the_race(measured):
    from simssl_core.storage import race_file

    root, report = measured
    assert Plan(**race_file.read(root, report.race).plan).map_points >= 100
