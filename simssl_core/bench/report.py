"""The results of a benchmark, as rows that a person or a program can read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from simssl_core.bench.interleave import Rates


@dataclass(frozen=True)
class Row:
    """One comparison of the lab (``ours``) with the conventional pipeline (``theirs``), both in images per second.

    ``ratio`` is the median of the rounds' ratios, ``low`` and ``high`` their quartiles; ``share`` is the part of the
    machine's measured matrix-product rate that the lab's step reaches.
    """

    key: str
    title: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    rounds: int
    aim: float | None = None
    note: str = ""
    share: float | None = None

    @classmethod
    def of(cls, key: str, title: str, rates: Rates, aim: float | None, note: str = "", lane: str = "ours") -> Row:
        """The row that compares ``lane`` with ``theirs``."""
        ratio = rates.ratio(lane, "theirs")
        ours, theirs = rates.median(lane), rates.median("theirs")
        rounds = len(rates.rounds[lane])
        return cls(key, title, ours, theirs, ratio["median"], ratio["low"], ratio["high"], rounds, aim, note)

    def with_share(self, flops_per_image: float, peak: float) -> Row:
        """The row with the share of ``peak`` (GFLOP/s) that the lab reaches at ``flops_per_image``."""
        return replace(self, share=self.ours * flops_per_image / 1e9 / peak)

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without an aim."""
        return None if self.aim is None else self.ratio >= self.aim

    def as_json(self) -> dict[str, Any]:
        """All fields, for ``--json``."""
        return {**asdict(self), "met": self.met}


def number(value: float) -> str:
    """``value`` with three significant digits, and a comma after the thousands."""
    if value >= 1000:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def ratio_line(row: Row) -> str:
    """A comparison as one line of the report."""
    aim = "" if row.aim is None else f"  aim {row.aim:g}× {'reached' if row.met else 'missed'}"
    share = "" if row.share is None else f"  {row.share:.0%} of the matmul rate"
    note = f"  ({row.note})" if row.note else ""
    spread = f"[{row.low:.2f}–{row.high:.2f}]"
    speeds = f"{number(row.ours)} / {number(row.theirs)} images/s"
    return f"  {row.title:<62} {row.ratio:6.2f}× {spread:<15} {speeds}{share}{aim}{note}"


def machine_lines(facts: dict[str, Any]) -> list[str]:
    """The machine that the figures were measured on, in two lines."""
    bf16 = "bf16" if facts["bf16"] else "no bf16"
    gpu = f"; {facts['gpu']}" if facts["gpu"] else ""
    rates = ", ".join(f"{name} {number(rate)} GFLOP/s" for name, rate in facts["matmul"].items())
    return [
        f"{facts['processor']}, {facts['cores']} cores ({bf16}){gpu}; torch {facts['torch']}, "
        f"{facts['threads']} threads, OpenMP waits {facts['waiting']}; load {facts['load']} at the start",
        f"matrix product: {rates}",
    ]


def probe_line(result: dict[str, Any]) -> str:
    """The cost of live measurement as one line of the report."""
    parts = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in result["parts"].items())
    aim = "below" if result["share"] < result["aim"] else "NOT below"
    return (
        f"  {result['title']:<30} {result['cost']:.2f} CPU-s each time ({parts}), every {result['interval']:.0f} s:"
        f" {result['share']:.1%} of the training, {aim} {result['aim']:.0%}; without the map"
        f" {result['share'] - result['map_share']:.1%}"
    )


def gpu_line(result: dict[str, Any]) -> str:
    """The speed of a model on a GPU as one line of the report."""
    aim = f"aim {number(result['aim'])} {'reached' if result['views_per_second'] >= result['aim'] else 'missed'}"
    speed = f"{number(result['views_per_second'])} views/s, {result['share']:.0%} of the matmul rate"
    return f"  {result['title']:<40} {speed}; {aim}"


def text(result: dict[str, Any], rows: dict[str, list[Row]]) -> str:
    """The whole report for a person to read."""
    lines = machine_lines(result["machine"])
    titles = {"steps": "Whole step, ours against the conventional pipeline", "data": "Data path alone"}
    for part, part_rows in rows.items():
        if part_rows:
            lines += ["", f"{titles[part]} (ratio, [quartiles], ours / theirs):", *map(ratio_line, part_rows)]
    if result["probes"]:
        lines += ["", "Live probes and map:", *map(probe_line, result["probes"])]
    if result["gpu"]:
        lines += ["", "GPU:", *map(gpu_line, result["gpu"])]
    elif "gpu" in result["only"]:
        lines += ["", "GPU: none on this machine; nothing measured."]
    return "\n".join(lines)
