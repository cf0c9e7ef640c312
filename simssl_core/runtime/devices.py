"""Where and in what arithmetic to compute. Chosen once, by the caller; nothing below picks a device for itself."""

from __future__ import annotations

from pathlib import Path

import torch

from simssl_core.errors import ConfigError
from simssl_core.runtime.environment import thread_count

CPU_INFO = Path("/proc/cpuinfo")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def available() -> list[str]:
    """Every device this machine has, best first: ``cuda:0`` …, ``mps``, ``cpu``."""
    found = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [*found, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def pick(device: str = "auto") -> str:
    """The device to use: ``auto`` takes the best there is; ``cuda`` means ``cuda:0``.

    Raises:
        ConfigError: the device is unknown or not on this machine.
    """
    here = available()
    name = here[0] if device == "auto" else "cuda:0" if device == "cuda" else device
    if name not in here:
        raise ConfigError(
            f"device '{device}' is not on this machine, which has {', '.join(here)}; choose one of these, or 'auto'"
        )
    return name


def configure_threads(threads: int = 0) -> int:
    """Set and return torch's CPU threads: ``threads``, or for 0 all cores but one (a page beside must stay alive)."""
    count = thread_count(threads)
    torch.set_num_threads(count)
    return count


def precision(device: str, choice: str = "auto") -> torch.dtype | None:
    """The type for ``torch.autocast``: bfloat16, or None for plain float32.

    ``auto`` takes bfloat16 only where the silicon has it: emulated, it is slower than float32.
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
