"""Background tasks: progress, end, failure on one run, stopping, and only one task of a kind at a time."""

from __future__ import annotations

import time

import pytest

from simssl_core.analysis import memory_decoders
from simssl_core.errors import RunError
from simssl_core.jobs import background_tasks
from simssl_core.storage.locks import Lease
from tests.small_races import until
from tests.small_runs import small_runs

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def shelf(tmp_path):
    small_runs(tmp_path, "digits", ["vae", "simclr"], points=100)
    return tmp_path


def replace_full_measurement(monkeypatch, seen):
    """Replace the full measurement by two steps that add the run to ``seen``; small-vae fails at the second."""

    def steps(folder):
        seen.append(folder.name)
        yield 0.5, "half"
        if folder.name == "small-vae":
            raise RunError("no vae today")
        yield 1.0, "whole"

    monkeypatch.setitem(background_tasks._STEPS, background_tasks.FULL, steps)


def test_a_failure_on_one_run_does_not_affect_the_next(shelf, monkeypatch):
    seen = []
    replace_full_measurement(monkeypatch, seen)
    background_tasks.run_task(background_tasks.FULL, ["small-vae", "small-simclr"], shelf)
    task = background_tasks.status(background_tasks.FULL, shelf)
    assert seen == ["small-vae", "small-simclr"] and task.trouble == {"small-vae": "no vae today"}
    assert task.share == 1.0 and task.words == "done" and not task.alive and task.ended


def test_a_task_stops_at_its_next_step(shelf, monkeypatch):
    seen = []
    replace_full_measurement(monkeypatch, seen)
    background_tasks.stop(background_tasks.FULL, shelf)
    task = background_tasks.run_task(background_tasks.FULL, ["small-simclr", "small-vae"], shelf)
    assert seen == ["small-simclr"] and task.words == "stopped" and task.share < 1


def test_only_one_task_of_a_kind_runs_at_a_time(shelf):
    background_tasks._write(
        shelf,
        background_tasks.BackgroundTask(background_tasks.FULL, ("small-vae",), run="small-vae", started=time.time()),
    )
    lease = Lease(background_tasks._file(shelf, background_tasks.FULL, "lease"))
    assert not background_tasks.status(background_tasks.FULL, shelf).alive
    lease.take()
    assert background_tasks.status(background_tasks.FULL, shelf).alive
    with pytest.raises(RunError, match="already under way"):
        background_tasks.start(background_tasks.FULL, ["small-simclr"], shelf)
    lease.release()
    assert not background_tasks.status(background_tasks.FULL, shelf).alive


def test_no_task_starts_for_an_unknown_run(shelf):
    with pytest.raises(RunError, match="no run called"):
        background_tasks.start(background_tasks.MEMORY, ["nobody"], shelf)
    assert background_tasks.status(background_tasks.MEMORY, shelf) is None


def test_the_time_left_is_estimated_from_the_share():
    task = background_tasks.BackgroundTask(background_tasks.FULL, ("a",), share=0.25, started=time.time() - 10)
    assert task.left == pytest.approx(30, rel=0.05)
    assert background_tasks.BackgroundTask(background_tasks.FULL, ("a",), started=time.time()).left is None


def test_a_separate_process_does_the_task_and_can_be_stopped(shelf, monkeypatch):
    from simssl_core.latent import memory_decoder

    assert memory_decoder.SECONDS < 60, "the page says that it takes less than a minute"
    background_tasks.start(background_tasks.MEMORY, ["small-simclr"], shelf)
    until(lambda: 0 < background_tasks.status(background_tasks.MEMORY, shelf).share < 1, 60, "progress")
    assert background_tasks.status(background_tasks.MEMORY, shelf).alive
    background_tasks.stop(background_tasks.MEMORY, shelf)
    until(lambda: not background_tasks.status(background_tasks.MEMORY, shelf).alive, 20, "the end of the task")
    assert (
        background_tasks.status(background_tasks.MEMORY, shelf).words == "stopped"
        and memory_decoders.memory_status(shelf / "small-simclr") == "missing"
    )
