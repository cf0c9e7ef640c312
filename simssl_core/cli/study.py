"""``study``: train many objectives with several seeds; print a table and a verdict on each of the paper's claims."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from simssl_core.cli import options
from simssl_core.cli.train import add_configuration, configuration

HELP = "train many objectives with several seeds and judge the paper's claims"
NOTE = """Finished cells (an objective with a seed) are kept in OUT/cells: after Ctrl-C the same command continues.
OUT then holds study.parquet (tidy), table.md, verdicts.md and verdicts.json. --report reads one or more such folders,
trains nothing, and judges the claims over all of their data sets.

A claim holds if each of its comparisons is won (paired t-test over seeds, Holm-corrected, 5 %), does not hold if one is
lost, and is undecided otherwise.
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "study", help=HELP, description=HELP, epilog=NOTE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_configuration(parser)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, counted from --seed or 0 (default: 3)")
    parser.add_argument("--out", metavar="FOLDER", help="where the study is kept (default: study-DATA)")
    parser.add_argument("--jobs", type=int, default=0, help="cells to train at once (default: one per GPU or core)")
    parser.add_argument("--fresh", action="store_true", help="discard the cells that are kept in OUT")
    parser.add_argument(
        "--validation", action="store_true", help="measure on a held-out fifth of the training images: for tuning"
    )
    parser.add_argument(
        "--layers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also measure the layers of the network, for the fourth claim (default: yes)",
    )
    parser.add_argument("--report", nargs="+", metavar="FOLDER", help="read finished studies; train nothing")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON document on stdout")
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Train the missing cells, write the report and print it. Returns 1 if a cell failed or its process died."""
    options.prepare_environment()
    from simssl_core.study import report

    out = Path(arguments.out) if arguments.out else Path(f"study-{arguments.preset or arguments.data}")
    died: list[str] = []
    if arguments.report:
        study = report.make([Path(folder) for folder in arguments.report])
        if arguments.out:
            report.write(study, out)
    else:
        died = _train(arguments, out)
        study = report.make([out])
        report.write(study, out)
    if arguments.json:
        verdicts = [report.plain(verdict) for verdict in study.verdicts]
        rows = study.table.to_dict("records")
        options.print_json(
            {"out": str(out), "verdicts": verdicts, "failed": study.failures, "died": died, "numbers": rows}
        )
    else:
        print(study.markdown, study.verdicts_text, sep="\n\n")
    for line in died:
        print(f"died; the same command tries it again: {line}", file=sys.stderr)
    return 1 if study.failures or died else 0


def _train(arguments: argparse.Namespace, out: Path) -> list[str]:
    """Train the cells; returns a line for each whose process died."""
    from tqdm import tqdm

    from simssl_core.errors import ConfigError
    from simssl_core.study import plan, runner

    if not 1 <= arguments.seeds <= 100:
        raise ConfigError(f"--seeds must be 1 to 100, not {arguments.seeds}.")
    first = arguments.seed or 0
    cells = plan.plan(
        configuration(arguments), range(first, first + arguments.seeds), arguments.validation, arguments.layers
    )
    died = []
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed} {postfix}", desc="study", mininterval=1.0) as bar:
        for state in runner.run(cells, out, arguments.jobs, arguments.device or "auto", arguments.fresh):
            remaining = "" if state.left is None else f", about {state.left / 60:.0f} min left"
            bar.set_postfix_str(f"{state.done} of {state.total} cells{remaining}", refresh=False)
            bar.update(state.share - bar.n)
            if state.ended:
                cell = f"{state.ended.label}, seed {state.ended.seed}"
                outcome = f"{'died' if state.died else 'failed'}: {state.failed}" if state.failed else "done"
                bar.write(f"{cell}: {outcome}", file=sys.stderr)
                if state.died:
                    died.append(f"{cell}: {state.failed}")
    return died
