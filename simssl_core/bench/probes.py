"""The cost of live measurement: train a real race and see what share of its time evaluator, probes and map took."""

from __future__ import annotations

import tempfile
from typing import Any

from simssl_core import metrics
from simssl_core.config import RunConfig
from simssl_core.data import catalog
from simssl_core.errors import DataError
from simssl_core.presets import recommended

AIM = 0.10  # at most this share of the training time, trainer and evaluator together
SUBJECTS = (("sprites", "sprites, small ConvNet"), ("mnist", "MNIST MLP"))


def config_for(data: str, seconds: float) -> RunConfig:
    """SimVAE on ``data`` for ``seconds``, with the recommended settings and the default share of time for measuring."""
    return recommended(data, ["simvae"], train={"seconds": seconds, "steps": 10_000_000})


def measure(data: str, title: str, seconds: float) -> dict[str, Any] | None:
    """Train for ``seconds`` in a temporary folder; None if the data set is not on this machine.

    Of the result, ``share`` is (trainer's + evaluator's time) / training time, ``map_share`` the map's part of it,
    ``interval`` the mean seconds between measurements, and ``compiled`` the seconds that UMAP's compilation took once
    on another core (not part of the share).
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
        store = Store(root)
        run = next(iter(last.runs.values()))
        content = metrics.headline("content")
        curves = store.metrics(run, [content], max_points=100_000)
        measurements = len(curves[content][0]) if curves else 0
        compile_seconds = [event.data.get("compiled") for event in store.events(last.race, kinds=["evaluator"])]
        latest = store.latest(run)
        store.close()
    return summary(title, last.seconds, latest, measurements, next(filter(None, compile_seconds), None))


def summary(
    title: str, seconds: float, latest: dict[str, tuple[int, float]], measurements: int, compiled: float | None
) -> dict[str, Any]:
    """The figures of one race, from its ``seconds`` of training and its ``latest`` metrics, {name: (step, value)}."""
    share, trainer, evaluator, map_share = (
        latest.get(f"probe_share{part}", (0, 0.0))[1] for part in ("", "_trainer", "_evaluator", "_map")
    )
    interval = seconds / max(measurements, 1)
    return {
        "title": title,
        "seconds": seconds,
        "measurements": measurements,
        "interval": interval,
        "cost": share * interval,
        "parts": {
            "encoding": trainer * interval,
            "probes": (evaluator - map_share) * interval,
            "map": map_share * interval,
        },
        "share": share,
        "map_share": map_share,
        "aim": AIM,
        "compiled": compiled,
    }


def run(seconds: float) -> list[dict[str, Any]]:
    """Measure every subject whose data set is on this machine."""
    results = (measure(data, title, seconds) for data, title in SUBJECTS)
    return [result for result in results if result]
