"""What live measurement costs: a real race with its evaluator, probes and map, and the share of it that they took."""

from __future__ import annotations

import tempfile
from typing import Any

from simssl_core import metrics
from simssl_core.config import RunConfig
from simssl_core.data import catalog
from simssl_core.errors import DataError
from simssl_core.presets import recommended

AIM = 0.10  # of the training time, trainer and evaluator together
SUBJECTS = (("sprites", "sprites, small ConvNet"), ("mnist", "MNIST MLP"))


def config_for(data: str, seconds: float) -> RunConfig:
    """SimVAE on ``data`` with the lab's recommended settings (and the default share for measuring) for ``seconds``."""
    return recommended(data, ["simvae"], train={"seconds": seconds, "steps": 10_000_000})


def measure(data: str, title: str, seconds: float) -> dict[str, Any] | None:
    """Train for ``seconds`` in a folder that is thrown away; None where the data set is not on this machine.

    ``share`` is (trainer's + evaluator's time) / training time, ``map_share`` the map's part of it; ``interval`` the
    mean seconds between measurements; ``compiled`` the one-off seconds of another core that UMAP's compilation took (no
    part of the share).
    """
    from simssl_core.jobs.session import run_race
    from simssl_core.storage.database import Store

    config = config_for(data, seconds)
    try:
        catalog.load(config.data)
    except DataError:
        return None
    with tempfile.TemporaryDirectory(prefix="simssl-bench-") as root:
        for report in run_race(config, root, final=False):
            last = report
        store, run = Store(root), next(iter(last.runs.values()))
        content = metrics.headline("content")
        curves = store.metrics(run, [content], max_points=100_000)
        measured = len(curves[content][0]) if curves else 0
        told = [event.data.get("compiled") for event in store.events(last.race, kinds=["evaluator"])]
        latest = store.latest(run)
        store.close()
    return summary(title, last.seconds, latest, measured, next(filter(None, told), None))


def summary(
    title: str, seconds: float, latest: dict[str, tuple[int, float]], measured: int, compiled: float | None
) -> dict[str, Any]:
    """The figures of one race from its latest metrics."""
    share, trainer, evaluator, mapping = (
        latest.get(f"probe_share{part}", (0, 0.0))[1] for part in ("", "_trainer", "_evaluator", "_map")
    )
    each = seconds / max(measured, 1)
    return {
        "title": title,
        "seconds": seconds,
        "measurements": measured,
        "interval": each,
        "cost": share * each,
        "parts": {"encoding": trainer * each, "probes": (evaluator - mapping) * each, "map": mapping * each},
        "share": share,
        "map_share": mapping,
        "aim": AIM,
        "compiled": compiled,
    }


def run(seconds: float) -> list[dict[str, Any]]:
    """Every subject whose data is here."""
    found = (measure(data, title, seconds) for data, title in SUBJECTS)
    return [item for item in found if item]
