"""Run the parts of the benchmark in one process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from simssl_core.bench import data_path, gpu, machine, probes, report, steps
from simssl_core.bench.interleave import Plan
from simssl_core.runtime.environment import cores


@dataclass(frozen=True)
class Lengths:
    """How long each part measures."""

    mlp: Plan
    resnet: Plan
    data: Plan
    gpu: Plan
    probes: float  # seconds of training


FULL = Lengths(Plan(9, 1.0, 4, 2), Plan(5, 1.0, 2, 1), Plan(9, 0.6, 2, 4), Plan(5, 2.0, 20, 5), 60.0)
QUICK = Lengths(Plan(3, 0.4, 2, 1), Plan(3, 0.4, 1, 1), Plan(3, 0.3, 1, 2), Plan(3, 0.5, 5, 2), 15.0)


def run(only: Iterable[str], quick: bool = False, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Measure the parts named in ``only``; ``say`` is called with the name of each part before it starts.

    Returns ``{"machine", "only", "quick", "steps": [...], "data": [...], "probes": [...], "gpu": [...], "text"}``.
    """
    only = tuple(only)
    lengths = QUICK if quick else FULL
    torch.set_num_threads(cores())
    facts = machine.facts()
    peak = machine.matmul_rate()
    facts["matmul"] = {"fp32": peak}
    if facts["bf16"]:
        peak = facts["matmul"]["bf16"] = machine.matmul_rate(dtype=torch.bfloat16)
    rows: dict[str, list[report.Row]] = {"steps": [], "data": []}
    measurements: dict[str, list[dict[str, Any]]] = {"probes": [], "gpu": []}
    if "data" in only:
        say("data path …")
        rows["data"] = data_path.run(lengths.data)
    if {"mnist", "cifar"} & set(only):
        say("whole steps …")
        rows["steps"] = steps.run(only, lengths.mlp, lengths.resnet, peak, quick)
    if "gpu" in only:
        say("GPU …")
        measurements["gpu"] = gpu.run(lengths.gpu)
    if "probes" in only:
        say("probes and map …")
        measurements["probes"] = probes.run(lengths.probes)
    result = {"machine": facts, "only": list(only), "quick": quick, **measurements}
    result["text"] = report.text(result, rows)
    return result | {part: [row.as_json() for row in part_rows] for part, part_rows in rows.items()}
