"""The device, the threads and the number format to compute with. The caller chooses; no lower module picks a device."""

from __future__ import annotations

from pathlib import Path

import torch

from simssl_core.errors import ConfigError
from simssl_core.runtime.environment import thread_count

CPU_INFO = Path("/proc/cpuinfo")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def available() -> list[str]:
    """Every device of this machine, best first: ``cuda:0`` …, ``mps``, ``cpu``."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def pick(device: str = "auto") -> str:
    """The full name of the device to use: ``auto`` means the best device, ``cuda`` means ``cuda:0``.

    Raises:
        ConfigError: the device is unknown or not on this machine.
    """
    names = available()
    name = {"auto": names[0], "cuda": "cuda:0"}.get(device, device)
    if name not in names:
        raise ConfigError(
            f"device '{device}' is not on this machine, which has {', '.join(names)}; choose one of these, or 'auto'"
        )
    return name


def configure_threads(threads: int = 0) -> int:
    """Set the number of torch's CPU threads and return it; 0 means all cores but one, so that pages stay responsive."""
    count = thread_count(threads)
    torch.set_num_threads(count)
    return count


def precision(device: str, choice: str = "auto") -> torch.dtype | None:
    """The type for ``torch.autocast``: bfloat16, or None for plain float32.

    ``choice`` is fp32, bf16 or auto, which takes bfloat16 only if the hardware supports it: emulated bfloat16 is
    slower than float32.
    """
    if choice == "fp32":
        return None
    if choice == "bf16":
        return torch.bfloat16
    kind = torch.device(device).type
    if kind == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = kind == "cpu" and _cpu_has_bf16()
    return torch.bfloat16 if native else None


def _cpu_has_bf16() -> bool:
    try:
        text = CPU_INFO.read_text()
    except OSError:  # not Linux
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return bool(BF16_FLAGS & set(flags.split()))
