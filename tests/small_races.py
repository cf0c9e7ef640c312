"""Races so small that a test can run many, and waiting for what other processes do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from simssl_core.config import RunConfig, parse
from simssl_core.jobs import launcher, session


def small(*members: str, name: str = "r", **train) -> RunConfig:
    """Real digits, a tiny MLP, a few steps."""
    values = {
        "name": name,
        "data": {"name": "digits", "train": 256, "test": 100},
        "model": {"encoder": "mlp", "hidden": [24], "width": 6},
        "train": {"steps": 12, "batch": 32, "threads": 1, "precision": "fp32", "probe_share": 0} | train,
        "members": members or ("vae", "simclr"),
    }
    return parse(RunConfig, values)


def trained(root: Path, *members: str, **train) -> session.Report:
    """Train a small race in this process, without the measurement at the end."""
    return list(session.run_race(small(*members, **train), root, final=False))[-1]


def weights(folder: Path) -> dict:
    return load_file(folder / "weights.safetensors")


def equal(first: dict, second: dict) -> bool:
    """Whether two dictionaries of tensors are bit-equal."""
    return first.keys() == second.keys() and all(bool((first[k] == second[k]).all()) for k in first)


def until(check, seconds: float, what: str):
    """Wait for ``check()`` to be true and return what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


def until_status(root: Path, race: str, wanted: str, seconds: float = 60.0) -> float:
    """Wait until the race has this status and return how long it took."""
    started = time.monotonic()
    until(
        lambda: launcher.status(race, root) == wanted, seconds, f"{race} is {launcher.status(race, root)}, not {wanted}"
    )
    return time.monotonic() - started
