"""``study``: many objectives, several seeds, a table and a verdict on each of the paper's claims."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from simssl_core.cli import options
from simssl_core.cli.train import add_configuration, configuration

HELP = "train many objectives with several seeds and judge the paper's claims"
NOTE = """Finished cells (an objective with a seed) are kept in OUT/cells: after Ctrl-C the same command goes on.
OUT then holds study.parquet (tidy), table.md, verdicts.md and verdicts.json. --report reads one or more such folders,
trains nothing, and judges the claims over all of their data sets.

A claim holds if each of its comparisons is won (paired t-test over seeds, Holm-corrected, 5 %), does not hold if one is
lost, and is undecided otherwise.
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "study", help=HELP, description=HELP, epilog=NOTE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_configuration(parser)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, counted from --seed or 0 (default: 3)")
    parser.add_argument("--out", metavar="FOLDER", help="where the study is kept (default: study-DATA)")
    parser.add_argument("--jobs", type=int, default=0, help="cells at once (default: one a GPU, or one a core)")
    parser.add_argument("--fresh", action="store_true", help="forget the cells that are kept in OUT")
    parser.add_argument(
        "--validation", action="store_true", help="measure on a held-out fifth of the training images: for tuning"
    )
    parser.add_argument(
        "--layers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure also the layers of the network, for the fourth claim (default: yes)",
    )
    parser.add_argument("--report", nargs="+", metavar="FOLDER", help="read finished studies; train nothing")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON document on stdout")
    parser.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Train what is missing, write the report, print it; 1 if a cell failed or died."""
    options.prepare_environment()
    from simssl_core.study import report

    out = Path(chosen.out) if chosen.out else Path(f"study-{chosen.preset or chosen.data}")
    died: list[str] = []
    if chosen.report:
        made = report.make([Path(folder) for folder in chosen.report])
        if chosen.out:
            report.write(made, out)
    else:
        died = _train(chosen, out)
        made = report.make([out])
        report.write(made, out)
    if chosen.json:
        verdicts = [report.plain(verdict) for verdict in made.verdicts]
        rows = made.table.to_dict("records")
        options.print_json(
            {"out": str(out), "verdicts": verdicts, "failed": made.failures, "died": died, "numbers": rows}
        )
    else:
        print(made.markdown, made.said, sep="\n\n")
    for line in died:
        print(f"died, and is tried again by the same command: {line}", file=sys.stderr)
    return 1 if made.failures or died else 0


def _train(chosen: argparse.Namespace, out: Path) -> list[str]:
    """Do the cells; a sentence for each whose process died."""
    from tqdm import tqdm

    from simssl_core.errors import ConfigError
    from simssl_core.study import plan, runner

    if not 1 <= chosen.seeds <= 100:
        raise ConfigError(f"--seeds must be 1 to 100, not {chosen.seeds}.")
    first = chosen.seed or 0
    cells = plan.plan(configuration(chosen), range(first, first + chosen.seeds), chosen.validation, chosen.layers)
    died = []
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed} {postfix}", desc="study", mininterval=1.0) as bar:
        for state in runner.run(cells, out, chosen.jobs, chosen.device or "auto", chosen.fresh):
            left = "" if state.left is None else f", about {state.left / 60:.0f} min left"
            bar.set_postfix_str(f"{state.done} of {state.total} cells{left}", refresh=False)
            bar.update(state.share - bar.n)
            if state.ended:
                how = f"{'died' if state.died else 'failed'}: {state.failed}" if state.failed else "done"
                bar.write(f"{state.ended.label}, seed {state.ended.seed}: {how}", file=sys.stderr)
                died += [f"{state.ended.label}, seed {state.ended.seed}: {state.failed}"] if state.died else []
    return died
