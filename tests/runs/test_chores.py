"""Longer work in the background: progress, its end, trouble with one run, a wish to stop, one at a time."""

from __future__ import annotations

import time

import pytest

from simssl_core.errors import RunError
from simssl_core.runs import chores, memory
from simssl_core.runs.lease import Lease
from tests.pages.small_runs import small_runs
from tests.runs.small_races import until


@pytest.fixture
def shelf(tmp_path):
    small_runs(tmp_path, "digits", ["vae", "simclr"], points=100)
    return tmp_path


def quick(monkeypatch, seen):
    def steps(folder):
        seen.append(folder.name)
        yield 0.5, "half"
        if folder.name == "small-vae":
            raise RunError("no vae today")
        yield 1.0, "whole"

    monkeypatch.setitem(chores._STEPS, chores.FULL, steps)


def test_trouble_with_one_run_does_not_keep_the_other_waiting(shelf, monkeypatch):
    seen = []
    quick(monkeypatch, seen)
    chores.work(chores.FULL, ["small-vae", "small-simclr"], shelf)
    now = chores.status(chores.FULL, shelf)
    assert seen == ["small-vae", "small-simclr"] and now.trouble == {"small-vae": "no vae today"}
    assert now.share == 1.0 and now.words == "done" and not now.alive and now.ended


def test_a_wish_to_stop_is_obeyed_at_the_next_step(shelf, monkeypatch):
    seen = []
    quick(monkeypatch, seen)
    chores.stop(chores.FULL, shelf)
    done = chores.work(chores.FULL, ["small-simclr", "small-vae"], shelf)
    assert seen == ["small-simclr"] and done.words == "stopped" and done.share < 1


def test_one_of_a_kind_at_a_time(shelf):
    chores._say(shelf, chores.Chore(chores.FULL, ("small-vae",), run="small-vae", started=time.time()))
    lease = Lease(chores._file(shelf, chores.FULL, "lease"))
    assert not chores.status(chores.FULL, shelf).alive
    lease.take()
    assert chores.status(chores.FULL, shelf).alive
    with pytest.raises(RunError, match="under way already"):
        chores.start(chores.FULL, ["small-simclr"], shelf)
    lease.release()
    chores.dismiss(chores.FULL, shelf)
    assert chores.status(chores.FULL, shelf) is None


def test_an_unknown_run_starts_nothing(shelf):
    with pytest.raises(RunError, match="no run called"):
        chores.start(chores.MEMORY, ["nobody"], shelf)
    assert chores.status(chores.MEMORY, shelf) is None


def test_the_time_left_follows_from_the_share():
    chore = chores.Chore(chores.FULL, ("a",), share=0.25, started=time.time() - 10)
    assert chore.left == pytest.approx(30, rel=0.05)
    assert chores.Chore(chores.FULL, ("a",), started=time.time()).left is None


def test_a_process_of_its_own_learns_and_keeps(shelf, monkeypatch):
    from simssl_core.latent import memory_decoder

    assert memory_decoder.SECONDS < 60, "what the page promises"
    chores.start(chores.MEMORY, ["small-simclr"], shelf)
    until(lambda: 0 < chores.status(chores.MEMORY, shelf).share < 1, 60, "progress")
    assert chores.status(chores.MEMORY, shelf).alive
    chores.stop(chores.MEMORY, shelf)
    until(lambda: not chores.status(chores.MEMORY, shelf).alive, 20, "its end")
    assert chores.status(chores.MEMORY, shelf).words == "stopped" and memory.state(shelf / "small-simclr") == "missing"
