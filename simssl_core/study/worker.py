"""One cell of a study, trained and measured in a process of its own: ``python -m simssl_core.study.worker``.

It reads its task as JSON from its input, says how far it is in lines on its output ("0.42"), and leaves its result in
the cell's file. A study runs as many of these side by side as there are devices or cores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from simssl_core.config import RunConfig, parse
from simssl_core.errors import LabError
from simssl_core.study.plan import Cell, write

IMAGES = 5_000  # that a probe learns from, and as many it is asked about, as far as there are
LAYER_IMAGES = 500  # the same for the layer profile
HELD_OUT = 0.2


def outcome(cell: Cell, device: str = "auto") -> Iterator[float | dict[str, Any]]:
    """Train and measure; yields the share of the training done, at the end what was found.

    Found are ``scores`` (everything :func:`evaluation.scores.score` knows, and ``layer:<name>:<measure>``), ``steps``,
    ``seconds`` of training, ``device``; or ``failed``, the reason why the training ended early.

    Raises:
        LabError: the data are not here, or a setting does not fit them.
    """
    from simssl_core.data import catalog
    from simssl_core.runtime.devices import configure_threads, pick
    from simssl_core.training.loop import Race

    device = pick(device)
    configure_threads(cell.config.train.threads)
    dataset = catalog.load(cell.config.data, device)
    if cell.validation:
        dataset = _validating(dataset)
    race = Race(cell.config, dataset, device)
    for progress in race.run():
        yield progress.done
    race.healthy()
    known = {"steps": race.step, "seconds": race.elapsed, "device": device, "classes": list(dataset.classes)}
    if race.failed:
        yield known | {"failed": race.failed[cell.label]}
    else:
        yield known | {"scores": _measure(race, cell), "roles": _roles(race, cell.label)}


def _measure(race: Any, cell: Cell) -> dict[str, float]:
    from simssl_core.evaluation.measurement import encode, full_plan, measure
    from simssl_core.training.member import measuring

    with measuring(race.members[cell.label]) as objective:
        encodings = encode(objective, race.dataset, race.view_maker, full_plan(IMAGES), layers=cell.layers)
    *_, last = measure(encodings, layer_images=LAYER_IMAGES)
    scores = dict(last.measurement.scores)
    for name, numbers in last.measurement.layers.items():
        scores |= {f"layer:{name}:{number}": value for number, value in numbers.items()}
    return scores


def _roles(race: Any, label: str) -> dict[str, float]:
    return {name: float(value) for name, value in race.members[label].latest.items()}


def _validating(dataset: Any) -> Any:
    """The data with a fifth of its training images in the place of the test images, so that these stay unseen."""
    import torch

    from simssl_core.data.probe_set import MEASUREMENT_SEED

    order = torch.randperm(len(dataset.train), generator=torch.Generator().manual_seed(MEASUREMENT_SEED))
    cut = round(HELD_OUT * len(order))
    return replace(dataset, train=_rows(dataset.train, order[cut:]), test=_rows(dataset.train, order[:cut]))


def _rows(split: Any, places: Any) -> Any:
    at = places.to(split.images.device)
    return replace(
        split,
        images=split.images[at],
        labels=split.labels[at],
        factors={name: values[at] for name, values in split.factors.items()},
        captions=tuple(split.captions[place] for place in places.tolist()) if split.captions else (),
    )


def main() -> int:
    """Do the task that stands on the input; 2 with one line of explanation if it cannot be done."""
    task = json.load(sys.stdin)
    cell = Cell(parse(RunConfig, task["config"], "config"), bool(task["validation"]), bool(task["layers"]))
    try:
        for found in outcome(cell, task["device"]):
            if isinstance(found, dict):
                write(Path(task["out"]), cell, found)
            else:
                print(f"{found:.3f}", flush=True)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
