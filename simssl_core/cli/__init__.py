"""The lab from a shell: ``simssl train | evaluate | memory | map | study | bench | list | lab``.

Without the installed command the same verbs follow ``python -m simssl_core``.

Exit codes: 0 done, 1 the training failed, 2 something the user can mend (said in one message), 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from simssl_core.cli import benchmark, evaluate, lab, listing, mapping, memory, study, train
from simssl_core.errors import LabError
from simssl_core.library import shipped

COMMANDS = (train, evaluate, memory, mapping, study, benchmark, listing, lab)
EPILOG = """examples:
  {prog} lab
  {prog} list
  {prog} train --data sprites --objectives simvae,vae,simclr,vicreg --seconds 240
  {prog} evaluate demo-sprites-simclr --full
  {prog} map demo-digits-simvae --out map.html
"""


def program() -> str:
    """How this command line was started: the installed command, or Python with this package."""
    return "simssl" if Path(sys.argv[0]).stem == "simssl" else "python -m simssl_core"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog=program(),
        description="Train self-supervised objectives side by side, measure what they keep, and see it.",
        epilog=EPILOG.format(prog=program()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(
        dest="command", required=True, metavar="command", help="add --help to see its options"
    )
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser().parse_args(arguments)
    chosen.given = arguments[1:]
    return _guarded(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    if hasattr(chosen, "root"):  # the command looks at runs
        shipped.bring(chosen.root)
    return chosen.do(chosen)


def _guarded(run: Callable[[], int]) -> int:
    try:
        return run()
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone: head, less
        sys.stderr.close()
        return 0
