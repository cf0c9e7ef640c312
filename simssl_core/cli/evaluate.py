"""``evaluate``: measure a trained run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simssl_core import metrics
from simssl_core.cli import options
from simssl_core.errors import ConfigError

if TYPE_CHECKING:
    from simssl_core.storage.evaluation_file import Evaluation, Spread

HELP = "measure a trained run again: content, style, geometry"


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("evaluate", help=HELP, description=f"{HELP}. Writes nothing unless --save is given.")
    options.add_run(parser)
    parser.add_argument(
        "--full",
        action="store_true",
        help="measure everything: also MLP and Euclidean probes, clustering, mutual information, layers, uncertainty",
    )
    parser.add_argument("--elbo", action="store_true", help="with --full: also ELBO_SSL of the representation, in nats")
    parser.add_argument(
        "--images",
        type=int,
        help="training images for each probe, and as many test images (default: 2,000; full: 10,000)",
    )
    parser.add_argument(
        "--save", action="store_true", help="save the scores in the run's record (with --full also in evaluation.json)"
    )
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure the run and print its scores."""
    options.prepare_environment()
    if arguments.elbo and not arguments.full:
        raise ConfigError("--elbo is part of the full measurement; add --full.")
    if arguments.images is not None and arguments.images < 1:
        raise ConfigError(f"--images must be at least 1, not {arguments.images}.")
    folder = options.run_folder(arguments.run, arguments.root)
    data = {"path": arguments.path} if arguments.path else None
    return _full(arguments, folder, data) if arguments.full else _quick(arguments, folder, data)


def _quick(arguments: argparse.Namespace, folder: Path, data: dict[str, str] | None) -> int:
    """The scores of a live measurement; ``data`` replaces settings of the run's data."""
    from simssl_core.analysis.evaluate import IMAGES, evaluate, save_scores

    scores = evaluate(folder, arguments.images or IMAGES, arguments.device, data)
    if arguments.save:
        save_scores(folder, scores)
    if arguments.json:
        options.print_json({"run": folder.name, "folder": str(folder), "full": False, "scores": scores})
    else:
        options.print_table([_row(name, value) for name, value in scores.items()])
    return 0


def _full(arguments: argparse.Namespace, folder: Path, data: dict[str, str] | None) -> int:
    """The full measurement; ``data`` replaces settings of the run's data."""
    from simssl_core.analysis.evaluate import FULL_IMAGES, evaluate_in_full, save_evaluation

    for progress in evaluate_in_full(folder, arguments.images or FULL_IMAGES, arguments.elbo, arguments.device, data):
        if sys.stderr.isatty():
            print(f"\r{progress.share:4.0%} {progress.task}\x1b[K", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    findings = progress.findings
    if arguments.save:
        save_evaluation(folder, findings)
    if arguments.json:
        values = findings.model_dump(mode="json")
        options.print_json({"run": folder.name, "folder": str(folder), "full": True, **values})
    else:
        _print_findings(findings)
    return 0


def _print_findings(findings: Evaluation) -> None:
    """Scores, layers and, if it was measured, ELBO_SSL, as tables."""
    rows = [_with_error(name, value, findings.intervals.get(name)) for name, value in findings.scores.items()]
    options.print_table(rows)
    images = f"{findings.train:,} + {findings.test:,} images"
    print(f"\nlayers, from the backbone outwards ({images}, {findings.seconds:.0f} s)")
    options.print_table([layer.model_dump() for layer in findings.layers])
    if findings.elbo:
        elbo = findings.elbo
        print(f"\nELBO_SSL {elbo.total:.1f} ± {elbo.error:.1f} nats per datum of {elbo.views} views")
        print(f"  reconstruct {elbo.reconstruct:.1f}, entropy {elbo.entropy:.1f}, prior {elbo.prior:.1f}")


def _row(name: str, value: float) -> dict[str, Any]:
    """A score with the unit and the better direction that its metric declares."""
    metric = metrics.get(name)
    unit, better = (metric.unit, metric.better) if metric else ("", "neither")
    return {"measure": name, "value": value, "unit": unit, "better": "" if better == "neither" else better}


def _with_error(name: str, value: float, interval: Spread | None) -> dict[str, Any]:
    """The same row with the score's standard error and 95 % interval, as far as they were measured."""
    if interval is None:
        return _row(name, value) | {"±": None, "95 % from": None, "to": None}
    return _row(name, value) | {"±": interval.error, "95 % from": interval.low, "to": interval.high}
