"""The lab from a shell: ``python -m simssl_core train | evaluate | memory | map | study | bench | list``.

Exit codes: 0 done, 1 the training failed, 2 something the user can mend (said in one message), 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from simssl_core.cli import benchmark, evaluate, listing, mapping, memory, study, train
from simssl_core.errors import LabError

COMMANDS = (train, evaluate, memory, mapping, study, benchmark, listing)
EPILOG = """examples:
  python -m simssl_core list
  python -m simssl_core train --data sprites --objectives simvae,vae,simclr,vicreg --seconds 240
  python -m simssl_core evaluate demo-sprites-simclr --full
  python -m simssl_core map demo-digits-simvae --out map.html
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="python -m simssl_core",
        description="Train self-supervised objectives side by side, measure what they keep, and see it.",
        epilog=EPILOG,
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
    return _guarded(lambda: chosen.do(chosen))


def _guarded(run) -> int:
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
