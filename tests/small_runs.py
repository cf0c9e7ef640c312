"""Saves runs within a second: untrained weights, a real record and a map whose made-up layouts move."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simssl_core.data import catalog
from simssl_core.data.probe_set import Plan
from simssl_core.latent.map_points import map_points, sheet
from simssl_core.presets import recommended
from simssl_core.storage import map_files
from simssl_core.storage.checkpoints import write_run
from simssl_core.training.loop import Race

STEPS = (0, 40, 90)


def small_runs(
    root: Path, data: str, objectives: list[str], name: str = "small", points: int = 120, frames: int = len(STEPS)
) -> list[str]:
    """Save one run for each objective, all with the same map points; returns the runs' names.

    If ``frames`` is larger than ``len(STEPS)``, further frames follow at every tenth step.
    """
    config = recommended(
        data,
        objectives,
        name=name,
        data={"train": 64, "test": max(200, points)},
        model={"encoder": "mlp", "hidden": (32,), "width": 12},
        train={"map_points": points, "batch": 8, "steps": 1},
    )
    dataset = catalog.load(config.data)
    race = Race(config, dataset)
    table, images = map_points(dataset, race.view_maker, Plan(map_points=points, clouds=4, cloud_views=6))
    webp, columns = sheet(images, quality=90)
    later_steps = range(STEPS[-1] + 10, STEPS[-1] + 1 + 10 * (frames - len(STEPS)), 10)
    runs = []
    for seed, label in enumerate(race.members):
        run = config.run_name(label)
        write_run(root / run, race.record(label, status="finished"), race.members[label].objective)
        map_files.begin(run, root, table, webp, columns, images.shape[2:])
        for step in (*STEPS, *later_steps):
            map_files.add_frame(run, root, step, layouts(table["label"].to_numpy(), step, seed))
        runs.append(run)
    return runs


def layouts(labels: np.ndarray, step: int, seed: int) -> dict[str, np.ndarray]:
    """Layouts in which the classes move apart with ``step``: umap (N, 2) and pca (N, 3)."""
    rng = np.random.default_rng(seed)
    start, centre = rng.normal(size=(len(labels), 3)), rng.normal(size=(12, 3)) * 6
    moved = start + centre[np.clip(labels, 0, 11)] * (1 - np.exp(-step / max(STEPS)))
    return {"umap": moved[:, :2].astype(np.float32), "pca": moved.astype(np.float32)}
