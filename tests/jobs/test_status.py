"""The status of a race follows from its lease, and from nothing that a dead process leaves behind."""

import os
import subprocess
import sys
import time

import pytest

from simssl_core.errors import RunError
from simssl_core.jobs import launcher, status
from simssl_core.jobs.queue import Place, Slots
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import paths
from simssl_core.storage.database import Store
from simssl_core.storage.locks import Lease, held
from simssl_core.storage.race_file import RaceFile

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.add_race("r", "{}", 10, [("r-a", "a", "vae", "digits")], status="training", pid=os.getpid())
    return store


def test_a_lease_has_one_holder_at_a_time(tmp_path):
    path = tmp_path / "x.lease"
    first, second = Lease(path), Lease(path)
    assert not held(path)
    assert first.take() and held(path)
    assert not second.take(wait=0.05)
    first.release()
    assert not held(path) and second.take(wait=0.05)
    second.release()


def test_a_lease_is_free_once_its_holder_is_killed(tmp_path):
    path = tmp_path / "x.lease"
    take = "import sys, time; from simssl_core.storage.locks import Lease; Lease(sys.argv[1]).take()"
    script = f"{take}; print(1, flush=True); time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, env=environment)
    child.stdout.readline()
    assert held(path)
    child.kill()
    child.wait()
    child.stdout.close()
    assert not held(path)


def test_status_follows_the_lease(store, tmp_path):
    lease = Lease(paths.lease_file(tmp_path, "r"))
    lease.take()
    assert launcher.status("r", tmp_path) == "training"
    store.update_race("r", heartbeat=time.time() - 25)
    assert launcher.status("r", tmp_path) == "stalled"
    store.update_race("r", patience=60)  # a race with slow steps
    assert launcher.status("r", tmp_path) == "training"
    lease.release()
    assert launcher.status("r", tmp_path) == "interrupted"
    store.update_race("r", status="finished")
    assert launcher.status("r", tmp_path) == "finished"


def test_a_starting_process_is_given_time_unless_it_has_ended(store, tmp_path):
    store.update_race("r", status="starting", heartbeat=time.time())
    assert launcher.status("r", tmp_path) == "starting"
    store.update_race("r", heartbeat=time.time() - 40)
    assert launcher.status("r", tmp_path) == "interrupted"
    child = subprocess.Popen([sys.executable, "-c", ""])
    time.sleep(0.3)  # it has ended, but nobody has reaped it
    store.update_race("r", heartbeat=time.time(), pid=child.pid)
    assert not status.alive(child.pid) or child.poll() is not None
    assert launcher.status("r", tmp_path) == "interrupted"
    child.wait()


def test_a_command_that_does_not_fit_the_status_is_refused(store, tmp_path):
    store.update_race("r", status="finished")
    for send in (launcher.pause, launcher.stop, launcher.resume):
        with pytest.raises(RunError, match="finished"):
            send("r", tmp_path)
    with pytest.raises(RunError, match="no race"):
        launcher.status("unknown", tmp_path)


def test_slots_are_limited_and_older_races_go_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_WORKERS", "2")
    slots = [Slots(tmp_path / "two") for _ in range(3)]
    assert [slot.take() for slot in slots] == [True, True, False]
    slots[0].release()
    assert slots[2].take()
    monkeypatch.setenv("SIMSSL_WORKERS", "1")
    store = Store(tmp_path)
    places, leases = {}, []
    for number, race_name in enumerate(("old", "young")):
        store.add_race(race_name, "{}", 10, [], status="queued", created=100.0 + number)
        leases.append(Lease(paths.lease_file(tmp_path, race_name)))
        leases[-1].take()
        file = RaceFile(race_name, None, {}, created=100.0 + number)
        places[race_name] = Place(tmp_path, file, store)
    assert not places["young"].take_in_turn()
    assert places["old"].take_in_turn()
    store.update_race("old", status="training")
    assert not places["young"].take_in_turn()  # no slot is free
    places["old"].release()
    assert places["young"].take_in_turn()
    for lease in (*leases, *slots):
        lease.release()
    places["young"].release()
