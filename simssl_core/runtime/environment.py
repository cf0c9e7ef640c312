"""Environment variables that a training process needs *before* it imports torch. Needs only the standard library."""

from __future__ import annotations

import math
import os
from pathlib import Path

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """The CPU cores that this process may use: those of its affinity, limited by a container's quota (cgroup v2)."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_QUOTA.read_text().split()[:2]
        count = min(count, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no cgroup, or no limit ("max")
        pass
    return max(1, count)


def thread_count(threads: int = 0) -> int:
    """The number of CPU threads to compute with: ``threads``, or for 0 all cores but one, which is left to pages."""
    return threads if threads > 0 else max(1, cores() - 1)


def training_environment(threads: int = 0) -> dict[str, str]:
    """Environment variables for a child process that trains or measures, with the number of its CPU ``threads``.

    By default OpenMP's threads spin while they wait, which slows whatever else runs on the cores: passive waiting made
    training beside a busy page 12 to 18 times faster. The variables are read when torch (or numpy, numba) is imported,
    so the process must have them from its start.
    """
    thread_variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "KMP_BLOCKTIME": "0",
        **dict.fromkeys(thread_variables, str(thread_count(threads))),
    }
