"""``evaluate``: measure a trained run again."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from simssl_core import metrics
from simssl_core.cli import options
from simssl_core.errors import ConfigError

HELP = "measure a trained run again: content, style, geometry"


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("evaluate", help=HELP, description=f"{HELP}. Writes nothing unless --save is given.")
    options.add_run(parser)
    parser.add_argument(
        "--full",
        action="store_true",
        help="everything: also MLP and Euclidean probes, clustering, mutual information, layers, uncertainty",
    )
    parser.add_argument("--elbo", action="store_true", help="with --full: also ELBO_SSL of the representation, in nats")
    parser.add_argument(
        "--images", type=int, help="images that a probe learns from, and as many it is tested on (2,000; full: 10,000)"
    )
    parser.add_argument(
        "--save", action="store_true", help="keep the scores in the run's record (full: and evaluation.json)"
    )
    parser.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Measure and print."""
    options.prepare_environment()
    if chosen.elbo and not chosen.full:
        raise ConfigError("--elbo is part of the full measurement; add --full.")
    if chosen.images is not None and chosen.images < 1:
        raise ConfigError(f"--images must be at least 1, not {chosen.images}.")
    folder = options.run_folder(chosen.run, chosen.root)
    data = {"path": chosen.path} if chosen.path else None
    return _full(chosen, folder, data) if chosen.full else _quick(chosen, folder, data)


def _quick(chosen: argparse.Namespace, folder: Any, data: Any) -> int:
    from simssl_core.analysis.evaluate import IMAGES, evaluate, save_scores

    scores = evaluate(folder, chosen.images or IMAGES, chosen.device, data)
    if chosen.save:
        save_scores(folder, scores)
    if chosen.json:
        options.print_json({"run": folder.name, "folder": str(folder), "full": False, "scores": scores})
    else:
        options.print_table([_row(name, value) for name, value in scores.items()])
    return 0


def _full(chosen: argparse.Namespace, folder: Any, data: Any) -> int:
    from simssl_core.analysis.evaluate import FULL_IMAGES, evaluate_in_full, save_evaluation

    for progress in evaluate_in_full(folder, chosen.images or FULL_IMAGES, chosen.elbo, chosen.device, data):
        if sys.stderr.isatty():
            print(f"\r{progress.share:4.0%} {progress.task}\x1b[K", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    findings = progress.findings
    if chosen.save:
        save_evaluation(folder, findings)
    if chosen.json:
        values = findings.model_dump(mode="json")
        options.print_json({"run": folder.name, "folder": str(folder), "full": True, **values})
        return 0
    rows = [_with_error(name, value, findings.intervals.get(name)) for name, value in findings.scores.items()]
    options.print_table(rows)
    images = f"{findings.train:,} + {findings.test:,} images"
    print(f"\nlayers, from the backbone outwards ({images}, {findings.seconds:.0f} s)")
    options.print_table([layer.model_dump() for layer in findings.layers])
    if findings.elbo:
        e = findings.elbo
        print(f"\nELBO_SSL {e.total:.1f} ± {e.error:.1f} nats per datum of {e.views} views")
        print(f"  reconstruct {e.reconstruct:.1f}, entropy {e.entropy:.1f}, prior {e.prior:.1f}")
    return 0


def _row(name: str, value: float) -> dict[str, Any]:
    row = metrics.get(name)
    unit, better = (row.unit, row.better) if row else ("", "neither")
    return {"measure": name, "value": value, "unit": unit, "better": "" if better == "neither" else better}


def _with_error(name: str, value: float, spread: Any) -> dict[str, Any]:
    row = _row(name, value) | {"±": None, "95 % from": None, "to": None}
    return row | ({"±": spread.error, "95 % from": spread.low, "to": spread.high} if spread else {})
