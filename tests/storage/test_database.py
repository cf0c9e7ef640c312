"""The store: what is written comes back, thinned but whole at both ends; its loss or damage loses nothing recorded."""

import sqlite3
import threading

import pytest

from simssl_core import library
from simssl_core.errors import RunError
from simssl_core.storage import history, paths
from simssl_core.storage.database import Store
from tests.small_races import trained

pytestmark = pytest.mark.usefixtures("quick")

RUNS = [("race-a", "a", "vae", "digits"), ("race-b", "b", "simclr", "digits")]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.add_race("race", '{"train": {}}', 100, RUNS, status="training")
    return store


def rows(steps, names=("loss",), run="race-a"):
    return [(run, step, step * 0.1, name, float(step)) for step in steps for name in names]


def test_a_race_and_its_runs_come_back(store):
    store.update_race("race", step=7, seconds=1.5)
    store.update_run("race-a", scores={"linear": 0.5}, score_step=7)
    race, (first, second) = store.race("race"), store.runs("race")
    assert (race.status, race.step, race.steps, race.seconds) == ("training", 7, 100, 1.5)
    assert (first.label, first.scores, first.score_step) == ("a", {"linear": 0.5}, 7)
    assert second.scores == {} and second.objective == "simclr"
    assert store.race("another") is None


@pytest.mark.parametrize("count", [1, 5, 600, 601, 5_000])
def test_curves_keep_both_ends_and_stay_small(store, count):
    for start in range(0, count, 500):
        store.add_metrics(rows(range(start + 3, min(count, start + 500) + 3)))
    steps, values = store.metrics("race-a", max_points=600)["loss"]
    assert (steps[0], steps[-1]) == (3, count + 2)
    assert steps == sorted(set(steps)) and values == [float(s) for s in steps]
    assert min(count, 250) <= len(steps) <= 602


def test_a_growing_curve_keeps_the_points_it_showed(store):
    store.add_metrics(rows(range(1, 2_000)))
    before = set(store.metrics("race-a", max_points=300)["loss"][0][:-1])
    store.add_metrics(rows(range(2_000, 2_040)))
    after = set(store.metrics("race-a", max_points=300)["loss"][0])
    assert before <= after


def test_names_axis_latest_and_numbers_that_are_none(store):
    store.add_metrics([*rows([1, 2], ("loss", "pull")), ("race-a", 3, 0.3, "loss", float("nan"))])
    assert store.metrics("race-a", ["pull", "unknown"]) == {"pull": ([1, 2], [1.0, 2.0])}
    assert store.metrics("race-a", ["loss"], axis="seconds")["loss"][0] == pytest.approx([0.1, 0.2])
    assert store.latest("race-a") == {"loss": (2, 2.0), "pull": (2, 2.0)}
    assert store.metrics("race-b") == {}


def test_truncated_curves_have_no_doubled_part(store):
    store.add_metrics(rows(range(1, 101)))
    store.truncate("race-a", 60)
    assert store.latest("race-a")["loss"] == (60, 60.0)
    store.add_metrics(rows(range(61, 81)))
    assert [row[0] for row in store.history("race-a")] == list(range(1, 81))


def test_each_command_is_handed_out_once_and_in_order(store):
    store.send("race", "pause")
    store.send("race", "change", member="a", name="beta", value=2.0)
    store.send("another", "stop")
    taken = store.take_commands("race")
    assert [c.kind for c in taken] == ["pause", "change"] and taken[1].data == {
        "member": "a",
        "name": "beta",
        "value": 2.0,
    }
    assert store.take_commands("race") == []


def test_events_after_an_id_and_of_a_kind(store):
    store.add_event("race", "start", "begun", step=0)
    first = store.events("race")[-1].id
    store.add_event("race", "change", "a: beta 1 → 2", run="race-a", step=5, data={"old": 1, "new": 2})
    store.add_event("race", "stop", "ended", step=9)
    assert [e.kind for e in store.events("race", after=first)] == ["change", "stop"]
    (change,) = store.events("race", kinds=["change"])
    assert (change.run, change.step, change.data) == ("race-a", 5, {"old": 1, "new": 2})


def test_threads_share_a_handle(store):
    def write(run):
        for step in range(1, 40):
            store.add_metrics(rows([step], run=run))

    threads = [threading.Thread(target=write, args=(run,)) for run in ("race-a", "race-b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.history("race-a")) == len(store.history("race-b")) == 39


def test_a_reading_handle_does_not_write(store, tmp_path):
    with pytest.raises(RunError, match="only reads"):
        Store(tmp_path, readonly=True).send("race", "stop")


def test_a_deleted_store_is_put_back_by_whoever_has_it_open(store, tmp_path):
    store.add_metrics(rows(range(1, 50)))
    reader = Store(tmp_path, readonly=True)
    assert reader.race("race")
    for file in paths.lab(tmp_path).glob("store.sqlite*"):
        file.unlink()
    assert reader.races() == []  # nothing is left, but nothing fails
    store.update_race("race", step=49)
    assert reader.race("race").step == 49 and len(reader.history("race-a")) == 49


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "foreign"])
def test_a_damaged_store_is_rebuilt_from_the_folders(tmp_path, damage):
    report = trained(tmp_path)
    run = report.runs["vae"]
    before = library.history(run, root=tmp_path)
    assert before["loss"][0][-1] == 12
    path = paths.store_file(tmp_path)
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    if damage == "garbage":
        path.write_bytes(b"no database" * 1000)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:5_000])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE other(x)")
    fresh = Store(tmp_path)
    race = fresh.race(report.race)
    assert (race.status, race.step) == ("finished", 12)
    assert fresh.metrics(run) == before
    assert {row.label for row in fresh.runs(report.race)} == {"vae", "simclr"}
    assert list(paths.lab(tmp_path).glob("damaged-*"))  # kept, in case someone can read more of it


def test_a_store_of_a_newer_lab_is_left_alone(store, tmp_path):
    with sqlite3.connect(paths.store_file(tmp_path)) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(RunError, match="newer version"):
        Store(tmp_path).races()


def test_a_history_cut_off_by_a_crash_is_read_and_goes_on(tmp_path):
    history.append(tmp_path, [(1, 0.1, "loss", 3.0), (2, 0.2, "loss", 2.0)])
    with (tmp_path / "history.csv").open("a") as file:
        file.write("3,0.3,lo")
    history.append(tmp_path, [(4, 0.4, "loss", 1.0)])
    assert history.read(tmp_path) == [(1, 0.1, "loss", 3.0), (2, 0.2, "loss", 2.0), (4, 0.4, "loss", 1.0)]
