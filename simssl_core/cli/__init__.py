"""The lab's command line: ``simssl train | evaluate | memory | map | study | bench | list | lab``.

Without the installed command, ``python -m simssl_core`` takes the same commands.

Exit codes: 0 done, 1 the training failed, 2 an error that the user can correct (printed in one message),
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
    """The name under which this command line was started: the installed command, or Python with this package."""
    return "simssl" if Path(sys.argv[0]).stem == "simssl" else "python -m simssl_core"


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
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
    texts = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(texts)
    options.given = texts[1:]
    return _run(options)


def _run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed; turn its errors into messages and exit codes."""
    try:
        if hasattr(arguments, "root"):  # the command reads runs
            shipped.bring(arguments.root)
        return arguments.do(arguments)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the program that read the output has ended: head, less
        sys.stderr.close()
        return 0
