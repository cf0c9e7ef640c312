"""Runs that an earlier version of the code wrote: the shipped ones, and one that was exported as a zip.

``before-the-move.json`` holds what that version read from each of them. A shipped run that is trained again is removed
from the file; the exported run stays, so that earlier zips can still be imported.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import simssl_core as lab
from simssl_core import library
from simssl_core.analysis import latent_map
from simssl_core.library import archive
from simssl_core.runtime.processes import PROJECT
from simssl_core.storage import evaluation_file
from simssl_core.storage.run_record import weights_id

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXPORTED = "before-the-move-simvae"
EARLIER = json.loads((FIXTURES / "before-the-move.json").read_text())
SHIPPED = sorted(path.name for path in (PROJECT / "checkpoints").glob("demo-*"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with the shipped runs and the imported one."""
    shelf = tmp_path_factory.mktemp("earlier")
    for run in SHIPPED:
        shutil.copytree(PROJECT / "checkpoints" / run, shelf / run)
    assert archive.from_zip(FIXTURES / f"{EXPORTED}.zip", shelf) == EXPORTED
    return shelf


def images(shape, count=3):
    """Images (count, *shape) in [0, 1], the same for every run, made without data or random numbers."""
    size = count * int(np.prod(shape))
    return torch.from_numpy(((np.arange(size) * 37) % 101 / 100).astype(np.float32).reshape(count, *shape))


def close(values, expected):
    """Whether two JSON-like values agree: floats to 1e-6, everything else exactly."""
    if isinstance(expected, dict):
        return values.keys() == expected.keys() and all(close(values[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(values) == len(expected) and all(map(close, values, expected))
    return values == (pytest.approx(expected, abs=1e-6) if isinstance(expected, float) else expected)


def read_record(root, run):
    entry = library.find(run, root)
    return {"objective": entry.objective, "status": entry.status, "step": entry.step, "scores": dict(entry.scores)}


def read_representations(root, run):
    encoder = lab.load(root / run)
    return encoder(images(encoder.shape)).tolist()


def read_map(root, run):
    opened = latent_map.open_map(root / run)
    steps = list(opened.steps)
    layouts = library.frame(run, steps[-1], root)
    assert set(layouts) <= set(opened.kinds) and len(latent_map.read_points(opened)) == opened.count
    assert len(latent_map.read_images(opened)) == opened.count
    return {
        "steps": steps,
        "points": opened.count,
        "sheet_bytes": len(library.sheet(run, root)),
        "last_point": {kind: layout[-1].tolist() for kind, layout in sorted(layouts.items())},
    }


def read_history(root, run):
    curves = library.history(run, root=root)
    return {name: [len(steps), int(steps[-1]), float(values[-1])] for name, (steps, values) in sorted(curves.items())}


def read_evaluation(root, run):
    findings = evaluation_file.read(root / run)
    return {
        "step": findings.step,
        "weights": findings.weights,
        "scores": findings.scores,
        "intervals": {name: interval.error for name, interval in findings.intervals.items()},
        "layers": {layer.name: layer.linear for layer in findings.layers},
        "largest_singular_values": list(findings.spectrum[:3]),
    }


READERS = {
    "record": read_record,
    "weights": lambda root, run: weights_id(root / run),
    "representations": read_representations,
    "map": read_map,
    "history": read_history,
    "evaluation": read_evaluation,
}


def test_all_runs_are_listed_and_none_is_damaged(root):
    assert {entry.run for entry in library.runs(root)} == {*SHIPPED, EXPORTED}
    assert all(entry.status != "damaged" and entry.has_weights for entry in library.runs(root))
    assert EXPORTED in EARLIER and set(EARLIER) <= {*SHIPPED, EXPORTED}


@pytest.mark.parametrize("part", READERS)
@pytest.mark.parametrize("run", EARLIER)
def test_each_part_is_read_as_it_was_by_the_earlier_version(root, run, part):
    assert close(READERS[part](root, run), EARLIER[run][part])


@pytest.mark.parametrize("run", [*SHIPPED, EXPORTED])
def test_the_evaluation_belongs_to_the_present_weights(root, run):
    assert evaluation_file.is_current(evaluation_file.read(root / run), root / run)


def test_the_exported_run_can_be_exported_again_completely(root, tmp_path):
    assert archive.from_zip(archive.to_zip(EXPORTED, root), tmp_path) == EXPORTED
    for part, read in READERS.items():
        assert close(read(tmp_path, EXPORTED), EARLIER[EXPORTED][part]), part
