"""A study's report: the tidy parquet file, the table and the verdicts, always computed from its finished cells."""

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
    """The tidy ``table``, its ``markdown``, the ``verdicts``, their Markdown ``verdicts_text`` and the ``failures``."""

    table: pd.DataFrame
    markdown: str
    verdicts: list[Verdict]
    verdicts_text: str
    failures: list[str]


def make(folders: Sequence[Path]) -> Report:
    """Read the finished cells of one or more studies and judge them together.

    Raises:
        RunError: a folder holds no finished cells or a damaged one, or two folders hold the same cell.
    """
    records = [record for folder in folders for record in plan.all_finished(Path(folder))]
    _refuse_duplicates(records)
    table, failures = results.tidy(records), results.failures(records)
    markdown = "\n\n".join(results.markdown(table, data) for data in dict.fromkeys(table.data))
    verdicts = claims.judge(table)
    sections = [_verdict_text(verdict) for verdict in verdicts]
    sections.append("### Predictions\n\n" + theory.markdown(theory.compare_with_theory(records)))
    held_out = sum(bool(record["validation"]) for record in records)
    if held_out:
        note = f"{held_out} of {len(records)} cells were measured on held-out training images (--validation)."
        sections.insert(0, note)
    if failures:
        sections.append("### Failed\n\n" + "\n".join(f"* {line}" for line in failures))
    return Report(table, markdown, verdicts, "\n\n".join(sections), failures)


def _refuse_duplicates(records: Sequence[dict]) -> None:
    """Refuse the same objective, seed and data twice: duplicates would distort the means and the paired tests."""
    seen = set()
    for record in records:
        config = record["config"]
        key = (config["data"]["name"], config["members"][0]["label"], config["train"]["seed"])
        if key in seen:
            data, label, seed = key
            raise RunError(
                f"{label}, seed {seed} on {data} occurs twice; report on studies of the same data separately"
            )
        seen.add(key)


def write(report: Report, out: Path) -> None:
    """Write the four files into ``out``; a file is written completely or not at all."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / PARQUET, lambda path: report.table.to_parquet(path, index=False))
    write_whole(out / TABLE, report.markdown + "\n")
    write_whole(out / VERDICTS, report.verdicts_text + "\n")
    write_whole(out / VERDICTS_JSON, json.dumps([plain(verdict) for verdict in report.verdicts], indent=1))


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as a dictionary for JSON; NaN becomes null."""
    return _finite(asdict(verdict) | {"comparisons": [_flat(comparison) for comparison in verdict.comparisons]})


def _flat(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison) | {"lead": comparison.lead._asdict(), "result": comparison.result}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _verdict_text(verdict: Verdict) -> str:
    """A verdict as Markdown: a heading, the verdict with its reason, a table of the comparisons."""
    lines = [f"### {verdict.claim}", "", f"**{verdict.verdict}** ({verdict.why})", ""]
    if verdict.comparisons:
        lines += ["| data | number | should lead | over | by | p won | p lost | |", "|---|---|---|---|---|---|---|---|"]
    for comparison in verdict.comparisons:
        lead = comparison.lead
        cells = [
            comparison.data,
            metrics.column(comparison.metric),
            comparison.first,
            comparison.second,
            f"{lead.mean:+.3f} ± {lead.error:.3f}" if lead.seeds > 1 else f"{lead.mean:+.3f}",
            _p_value(comparison.p_won),
            _p_value(comparison.p_lost),
            comparison.result,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _p_value(p: float) -> str:
    return "–" if math.isnan(p) else f"{p:.3f}"
