"""Real processes that are killed: no record is lost, and the resumed race ends with the same weights."""

import os
import signal
import subprocess
import sys

import pytest

from simssl_core import library
from simssl_core.jobs import launcher
from simssl_core.jobs.worker import StopSignal
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import history
from simssl_core.storage.checkpoints import state_steps
from simssl_core.storage.database import Store
from tests.small_races import equal, small, trained, until, until_status, weights

pytestmark = pytest.mark.usefixtures("quick")

STEPS = 300
LAUNCH = """
import sys, time
from simssl_core.config import RunConfig
from simssl_core.jobs import launcher
launcher.launch(RunConfig.model_validate_json(sys.argv[1]), sys.argv[2])
assert "torch" not in sys.modules
time.sleep(600)
"""


def test_a_killed_server_and_a_killed_worker(tmp_path):
    """Training survives the death of the server; a dead worker shows within 3 s and resumes to the same weights."""
    config = small("vae", "simclr", steps=STEPS, batch=128, checkpoint_seconds=0.2)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", LAUNCH, config.model_dump_json(), str(tmp_path)]
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    until(lambda: (tmp_path / "r-simclr" / "run.json").exists(), 90, "the first files")
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    before = state_steps(tmp_path / "r-vae")[-1]
    until(lambda: state_steps(tmp_path / "r-vae")[-1] > before + 5, 60, "training continues without the server")

    store = Store(tmp_path)
    os.kill(store.race("r").pid, signal.SIGKILL)
    recorded = store.history("r-vae")
    assert until_status(tmp_path, "r", "interrupted", 10) <= 3
    assert {entry.status for entry in library.runs(tmp_path)} == {"interrupted"}
    assert store.history("r-vae")[: len(recorded)] == recorded

    launcher.resume("r", tmp_path)
    until_status(tmp_path, "r", "finished", 120)
    whole = trained(tmp_path / "whole", steps=STEPS, batch=128)
    for label, run in whole.runs.items():
        assert equal(weights(tmp_path / f"r-{label}"), weights(tmp_path / "whole" / run))
        steps = [row[0] for row in history.read(tmp_path / f"r-{label}") if row[2] == "loss"]
        assert steps == sorted(set(steps)) and steps[-1] == STEPS
    assert [event.kind for event in store.events("r")] == ["start", "interrupted", "resume", "finish"]
    launcher.reap()


def test_a_worker_records_why_it_cannot_start(tmp_path):
    values = small("vae").model_dump() | {"data": {"name": "mnist", "root": str(tmp_path / "nowhere")}}
    os.environ["SIMSSL_OFFLINE"] = "1"
    try:
        race_name = launcher.launch(small("vae").model_validate(values), tmp_path / "runs")
    finally:
        del os.environ["SIMSSL_OFFLINE"]
    until_status(tmp_path / "runs", race_name, "failed", 90)
    (entry,) = library.runs(tmp_path / "runs")
    assert entry.status == "failed" and "nowhere" in entry.reason
    assert not entry.folder.exists()
    library.delete(entry.run, tmp_path / "runs")
    assert library.runs(tmp_path / "runs") == []


def test_a_signal_asks_a_worker_to_stop():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = StopSignal()
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
