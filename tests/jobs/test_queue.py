"""The queue from outside: a real worker waits, is seen with its place, and leaves without a trace when asked to."""

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
def taken(tmp_path, monkeypatch):
    """The only place to train in, held by someone else."""
    monkeypatch.setenv("SIMSSL_WORKERS", "1")
    place = Slots(paths.lab(tmp_path) / "slots")
    assert place.take()
    yield place
    place.release()


def test_a_waiting_race_has_a_place_and_can_be_taken_out(tmp_path, taken):
    race = launcher.launch(small("vae"), tmp_path)
    other = launcher.register(small("vae", name="other"), tmp_path, status="finished").race
    until_status(tmp_path, race, "queued", 30)
    assert queue.waiting(tmp_path) == [race]
    queue.withdraw(race, tmp_path)
    assert queue.waiting(tmp_path) == []
    assert [row.race for row in Store(tmp_path).races()] == [other], "nothing was trained, so nothing is left"
    assert not paths.race_file(tmp_path, race).exists() and race not in {e.race for e in library.runs(tmp_path)}
    launcher.reap()


def test_only_what_waits_can_be_taken_out(tmp_path):
    race = launcher.register(small("vae"), tmp_path, status="finished").race
    with pytest.raises(RunError, match="does not wait any more: it is finished"):
        queue.withdraw(race, tmp_path)
    assert Store(tmp_path).race(race) is not None


def test_the_race_made_first_goes_first(tmp_path):
    names = [launcher.register(small("vae", name=f"r{k}"), tmp_path, status="queued").race for k in range(3)]
    assert queue.waiting(tmp_path) == names


def test_an_empty_root_has_no_queue(tmp_path):
    assert queue.waiting(tmp_path / "nothing") == []
    assert not (tmp_path / "nothing").exists(), "looking writes nothing"
