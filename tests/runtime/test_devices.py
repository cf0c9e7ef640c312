"""Devices, threads and the environment of a training process."""

import os
import subprocess
import sys

import pytest
import torch

from simssl_core.errors import ConfigError
from simssl_core.runtime import devices, environment
from simssl_core.training.loop import warmed_up


def test_pick_takes_what_there_is_and_names_it():
    here = devices.available()
    assert here[-1] == "cpu" and devices.pick() == here[0] and devices.pick("cpu") == "cpu"
    for wrong in ("cuda:99", "tpu", "", "cpu:0:0"):
        with pytest.raises(ConfigError, match=r"which has .*cpu"):
            devices.pick(wrong)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16 sse", torch.bfloat16), ("amx_bf16", torch.bfloat16), ("avx2 avx512f", None)],
)
def test_a_cpu_computes_in_bf16_only_where_it_can(tmp_path, monkeypatch, flags, expected):
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(devices, "CPU_INFO", info)
    assert devices.precision("cpu") is expected
    assert devices.precision("cpu", "fp32") is None and devices.precision("cpu", "bf16") is torch.bfloat16


def test_threads_leave_a_core_and_mind_the_quota(tmp_path, monkeypatch):
    monkeypatch.setattr(environment.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(environment, "CPU_QUOTA", tmp_path / "cpu.max")
    assert environment.cores() == 8 and environment.thread_count() == 7 and environment.thread_count(3) == 3
    for text, expected in (("max 100000", 8), ("250000 100000", 3), ("50000 100000", 1)):
        (tmp_path / "cpu.max").write_text(text)
        assert environment.cores() == expected
    assert environment.thread_count() == 1


def test_configure_threads_sets_torch():
    assert devices.configure_threads(1) == torch.get_num_threads() == 1


def test_the_environment_reaches_a_child():
    code = "import os, torch; print(os.environ['OMP_WAIT_POLICY'], torch.get_num_threads())"
    given = os.environ | environment.training_environment(1)
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PASSIVE", "1"]


def test_pages_read_runs_without_torch():
    code = (
        "import sys, simssl_core, simssl_core.storage.checkpoints, simssl_core.runtime.environment\n"
        "assert simssl_core.__version__\n"
        "assert not {'torch', 'numpy', 'safetensors'} & set(sys.modules), 'too much was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=os.getcwd())


def test_warm_up_rises_evenly_and_stays():
    assert [warmed_up(1.0, step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warmed_up(0.3, 0, 0) == 0.3
