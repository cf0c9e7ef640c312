"""The machine that the figures were measured on, and its matrix-product rate, with which speeds are compared."""

from __future__ import annotations

import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from simssl_core.runtime.devices import precision
from simssl_core.runtime.environment import cores


def facts() -> dict[str, Any]:
    """Processor, cores, arithmetic and versions of this machine, and the threads and waiting policy of this process."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "bf16": precision("cpu", "auto") is torch.bfloat16,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "waiting": os.environ.get("OMP_WAIT_POLICY", "as it comes").lower(),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def matmul_rate(device: str = "cpu", dtype: torch.dtype = torch.float32, size: int = 1024, repeats: int = 7) -> float:
    """Median GFLOP/s of a square matrix product of ``size``: the best that the machine can reach."""
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    out = torch.empty_like(a)
    times = []
    for _ in range(repeats + 1):
        finish(device)
        start = time.perf_counter()
        torch.mm(a, b, out=out)
        finish(device)
        times.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(times[1:]) / 1e9


def finish(device: str) -> None:
    """Wait until the device's queue is empty; called only at the ends of a measurement."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def flops(objective: torch.nn.Module, views: Any) -> int:
    """Floating-point operations of one forward and backward pass (matrix products and convolutions only)."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        objective(views).loss.backward()
    objective.zero_grad()
    return counter.get_total_flops()
