"""Races small enough for a test to run many of them, and helpers that wait for other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from simssl_core.config import RunConfig, parse
from simssl_core.jobs import launcher, session


def small(*members: str, name: str = "r", **train) -> RunConfig:
    """A race on real digits with a tiny MLP and a few steps; ``train`` overrides its training settings."""
    values = {
        "name": name,
        "data": {"name": "digits", "train": 256, "test": 100},
        "model": {"encoder": "mlp", "hidden": [24], "width": 6},
        "train": {"steps": 12, "batch": 32, "threads": 1, "precision": "fp32", "probe_share": 0} | train,
        "members": members or ("vae", "simclr"),
    }
    return parse(RunConfig, values)


def trained(root: Path, *members: str, **train) -> session.Report:
    """Train a small race in this process without the final measurement; returns the last report."""
    return list(session.run_race(small(*members, **train), root, final=False))[-1]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The saved weights of the run in ``folder``."""
    return load_file(folder / "weights.safetensors")


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Whether two dictionaries of tensors are bit-equal."""
    return first.keys() == second.keys() and all(bool((first[key] == second[key]).all()) for key in first)


def until(check: Callable[[], Any], seconds: float, event: str) -> Any:
    """Wait until ``check()`` returns a true value and return that value; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {event}")


def until_status(root: Path, race_name: str, status: str, seconds: float = 60.0) -> float:
    """Wait until the race has this status and return the seconds it took."""
    started = time.monotonic()
    until(
        lambda: launcher.status(race_name, root) == status,
        seconds,
        f"{race_name} is {launcher.status(race_name, root)}, not {status}",
    )
    return time.monotonic() - started
