"""What a study leaves behind: the tidy parquet file, the table and the verdicts, made anew from its finished cells."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from simssl_core import metrics
from simssl_core.errors import RunError
from simssl_core.storage.files import write_atomic, write_whole
from simssl_core.study import claims, plan, results, theory
from simssl_core.study.claims import Comparison, Verdict

PARQUET, TABLE, VERDICTS, VERDICTS_JSON = "study.parquet", "table.md", "verdicts.md", "verdicts.json"


class Report(NamedTuple):
    """The tidy table, the table to read, and the verdicts as data and as text."""

    table: pd.DataFrame
    markdown: str
    verdicts: list[Verdict]
    said: str
    failures: list[str]


def make(folders: Sequence[Path]) -> Report:
    """Read the finished cells of one or more studies and judge them together.

    Raises:
        RunError: a folder holds no finished cells, or a damaged one; or two hold the same cell.
    """
    found = [kept for folder in folders for kept in plan.all_kept(Path(folder))]
    _no_twins(found)
    table, failed = results.tidy(found), results.failures(found)
    shown = "\n\n".join(results.markdown(table, data) for data in dict.fromkeys(table.data))
    verdicts = claims.judge(table)
    said = [_words(verdict) for verdict in verdicts]
    said.append("### Predictions\n\n" + theory.markdown(theory.compare_with_theory(found)))
    held = sum(bool(kept["validation"]) for kept in found)
    if held:
        said.insert(0, f"{held} of {len(found)} cells were measured on held-out training images (--validation).")
    if failed:
        said.append("### Failed\n\n" + "\n".join(f"* {line}" for line in failed))
    return Report(table, shown, verdicts, "\n\n".join(said), failed)


def _no_twins(found: Sequence[dict]) -> None:
    """Refuse an objective with the same seed on the same data twice: neither mean nor pairing would mean anything."""
    seen = set()
    for kept in found:
        config = kept["config"]
        key = (config["data"]["name"], config["members"][0]["label"], config["train"]["seed"])
        if key in seen:
            data, label, seed = key
            raise RunError(f"{label}, seed {seed} on {data} is there twice; judge studies of the same data apart")
        seen.add(key)


def write(report: Report, out: Path) -> None:
    """Write the four files into ``out``, each whole or not at all."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / PARQUET, lambda path: report.table.to_parquet(path, index=False))
    write_whole(out / TABLE, report.markdown + "\n")
    write_whole(out / VERDICTS, report.said + "\n")
    write_whole(out / VERDICTS_JSON, json.dumps([plain(v) for v in report.verdicts], indent=1))


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON can hold it; NaN becomes null."""
    return _finite(asdict(verdict) | {"comparisons": [_flat(one) for one in verdict.comparisons]})


def _flat(one: Comparison) -> dict[str, Any]:
    return asdict(one) | {"lead": one.lead._asdict(), "result": one.result}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _words(verdict: Verdict) -> str:
    lines = [f"### {verdict.claim}", "", f"**{verdict.verdict}** ({verdict.why})", ""]
    if verdict.comparisons:
        lines += ["| data | number | should lead | over | by | p won | p lost | |", "|---|---|---|---|---|---|---|---|"]
    for one in verdict.comparisons:
        by = f"{one.lead.mean:+.3f} ± {one.lead.error:.3f}" if one.lead.seeds > 1 else f"{one.lead.mean:+.3f}"
        p = [f"{value:.3f}" if not math.isnan(value) else "–" for value in (one.p_won, one.p_lost)]
        name = metrics.column(one.metric)
        lines.append(f"| {one.data} | {name} | {one.first} | {one.second} | {by} | {p[0]} | {p[1]} | {one.result} |")
    return "\n".join(lines)
