"""The queue as pages see it: a real worker waits, is listed, and leaves nothing behind when it is withdrawn."""

import pytest

from simssl_core import library
from simssl_core.errors import RunError
from simssl_core.jobs import launcher, queue
from simssl_core.jobs.queue import Slots
from simssl_core.storage import paths
from simssl_core.storage.database import Store
from tests.small_races import small, until_status

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def taken_slot(tmp_path, monkeypatch):
    """The only worker slot, taken by another process."""
    monkeypatch.setenv("SIMSSL_WORKERS", "1")
    slots = Slots(paths.lab(tmp_path) / "slots")
    assert slots.take()
    yield slots
    slots.release()


def test_a_waiting_race_is_listed_and_can_be_withdrawn(tmp_path, taken_slot):
    race_name = launcher.launch(small("vae"), tmp_path)
    other = launcher.register(small("vae", name="other"), tmp_path, status="finished").race
    until_status(tmp_path, race_name, "queued", 30)
    assert queue.waiting(tmp_path) == [race_name]
    queue.withdraw(race_name, tmp_path)
    assert queue.waiting(tmp_path) == []
    assert [row.race for row in Store(tmp_path).races()] == [other], "nothing was trained, so nothing remains"
    assert not paths.race_file(tmp_path, race_name).exists()
    assert race_name not in {entry.race for entry in library.runs(tmp_path)}
    launcher.reap()


def test_only_a_waiting_race_can_be_withdrawn(tmp_path):
    race_name = launcher.register(small("vae"), tmp_path, status="finished").race
    with pytest.raises(RunError, match="is no longer waiting: it is finished"):
        queue.withdraw(race_name, tmp_path)
    assert Store(tmp_path).race(race_name) is not None


def test_races_wait_in_the_order_in_which_they_were_created(tmp_path):
    names = [launcher.register(small("vae", name=f"r{number}"), tmp_path, status="queued").race for number in range(3)]
    assert queue.waiting(tmp_path) == names


def test_an_empty_root_has_no_queue(tmp_path):
    assert queue.waiting(tmp_path / "nothing") == []
    assert not (tmp_path / "nothing").exists(), "reading the queue writes nothing"
