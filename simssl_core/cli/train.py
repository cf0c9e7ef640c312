"""``train``: train a race in the foreground, with a progress bar; the pages show it like any other."""

from __future__ import annotations

import argparse
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from simssl_core.cli import options
from simssl_core.config import DataConfig, Member, RunConfig, parse
from simssl_core.errors import ConfigError, RunError
from simssl_core.jobs import launcher, session
from simssl_core.jobs.messages import Report
from simssl_core.objectives import facts
from simssl_core.runtime.environment import cores
from simssl_core.storage import paths
from simssl_core.storage.race_file import RaceFile, read

MANY = 10_000_000  # steps: no limit, if --seconds alone decides

HELP = "train one or more objectives side by side on the same views"
NOTE = """A member is an objective's name, or label=objective to race one objective with several settings:
  --objectives weak=simvae,strong=simvae --set strong.beta=4

--set changes any setting, of a section (data, views, model, train) or of a member:
  --set train.learning_rate=3e-4 --set views.shared=shape,hue --set simclr.temperature=0.1

Ctrl-C saves a checkpoint and stops (exit code 130); --resume RACE continues from there.
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train", help=HELP, description=HELP, epilog=NOTE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_configuration(parser)
    parser.add_argument("--resume", metavar="RACE", help="continue a stopped or interrupted race")
    parser.add_argument("--no-final", action="store_true", help="skip the full measurement at the end")
    options.add_root(parser)
    parser.set_defaults(do=run)


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`configuration` reads: what is trained, on which data, for how long."""
    data = DataConfig().name
    parser.add_argument("--data", default=data, metavar="NAME", help=f"data set (default: {data}; see 'list')")
    parser.add_argument(
        "--preset", metavar="NAME", help="a setting from the literature, instead of --data (see 'list')"
    )
    parser.add_argument("--path", metavar="PATH", help="your own images, for the data sets that read them (see 'list')")
    pair = ",".join(name for name, objective in facts.everything().items() if objective.typical)
    parser.add_argument(
        "--objectives", default=pair, metavar="A,B", help=f"objectives to train, or 'all' (default: {pair})"
    )
    parser.add_argument("--steps", type=int, help="steps to train for (default: 2000, or no limit with --seconds)")
    parser.add_argument("--seconds", type=float, help="stop after this many seconds of training, all members together")
    parser.add_argument("--seed", type=int, help="seed of weights, batches and views (default: 0)")
    parser.add_argument("--name", default="", help="name of the race; its runs are called NAME-LABEL")
    parser.add_argument("--views", type=int, metavar="J", help="views of each datum (default: 2)")
    parser.add_argument(
        "--shared", metavar="A,B", help="sprites: the factors all views of a datum share (default: shape)"
    )
    parser.add_argument("--encoder", help="mlp, convnet or resnet18 (default: depends on the data)")
    parser.add_argument("--width", type=int, metavar="D", help="width of the representation")
    parser.add_argument("--device", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PLACE=VALUE", help="any other setting; see below"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train the race and print its scores."""
    options.prepare_environment(_threads(arguments.set))
    race_file = None
    if arguments.resume:
        config, race_file = _resumed(arguments.resume, arguments.root)
    else:
        config = _with_all_cores(configuration(arguments))
        launcher.validate(config, paths.root(arguments.root), objectives=True)
    with stopping() as request:
        reports = session.run_race(
            config,
            arguments.root,
            race_file=race_file,
            resume=race_file is not None,
            final=not arguments.no_final,
            interrupted=lambda: request.made,
        )
        last = deque(_followed(reports), maxlen=1).pop()
    show(last, config, arguments)
    if request.made:
        return 130
    return 1 if last.status == "failed" else 0


def _with_all_cores(config: RunConfig) -> RunConfig:
    """The configuration with a thread per core unless it sets a number: in the foreground no page needs a core."""
    train = config.train.model_copy(update={"threads": config.train.threads or cores()})
    return config.model_copy(update={"train": train})


def configuration(arguments: argparse.Namespace) -> RunConfig:
    """The configuration that the command line describes.

    Raises:
        ConfigError, DataError: an unknown name or a value out of range.
    """
    from simssl_core import presets

    start = presets.preset(arguments.preset) if arguments.preset else None
    members = _members(arguments.objectives)
    sections, settings = options.assignments(arguments.set, members)
    steps = arguments.steps
    if steps is None and arguments.seconds is not None:
        steps = MANY
    direct = {
        "data": {"path": arguments.path},
        "views": {"count": arguments.views, "shared": arguments.shared.split(",") if arguments.shared else None},
        "model": {"encoder": arguments.encoder, "width": arguments.width},
        "train": {"steps": steps, "seconds": arguments.seconds, "seed": arguments.seed, "device": arguments.device},
    }
    for section, values in direct.items():
        options_set = {name: value for name, value in values.items() if value is not None}
        sections[section] = options_set | sections.get(section, {})
    configured = [
        parse(Member, {"objective": objective, "label": label, "settings": settings.get(label, {})}, label)
        for label, objective in members.items()
    ]
    return presets.recommended(arguments.data, configured, name=arguments.name, start=start, **sections)


def _members(text: str) -> dict[str, str]:
    """Read ``--objectives`` as {label: objective}."""
    if text.strip() == "all":
        return {name: name for name in facts.names()}
    members: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        label, equals, objective = part.partition("=")
        if label in members:
            raise ConfigError(f"--objectives names '{label}' twice; write label=objective to tell the two apart.")
        members[label] = objective if equals else label
    if not members:
        raise ConfigError("--objectives names no objective; see 'list'.")
    return members


def _threads(texts: list[str]) -> int:
    """The value of ``train.threads`` among the ``--set`` texts, which must be read before torch is imported."""
    values = [text.partition("=")[2] for text in texts if text.startswith("train.threads=")]
    return int(values[-1]) if values and values[-1].isdigit() else cores()


def _resumed(race_name: str, root: str | None) -> tuple[RunConfig, RaceFile]:
    """Configuration and file of a race that can be resumed.

    Raises:
        RunError: it is running, finished or waiting.
    """
    runs_root = paths.root(root)
    status = launcher.status(race_name, runs_root)
    if status not in ("stopped", "interrupted", "failed"):
        raise RunError(f"'{race_name}' is {status}: it cannot be resumed here.")
    race_file = read(runs_root, race_name)
    return race_file.config, race_file


@dataclass
class StopRequest:
    """Whether the user has asked the race to save and stop."""

    made: bool = False


@contextmanager
def stopping() -> Iterator[StopRequest]:
    """The first Ctrl-C (or SIGTERM) asks the race to save and stop, the second ends it at once."""
    request = StopRequest()

    def request_stop(*_: object) -> None:
        if request.made:
            raise KeyboardInterrupt
        request.made = True
        print("\nsaving and stopping; press again to end at once", file=sys.stderr)

    try:
        before = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, which alone receives signals
        before = {}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _followed(reports: Iterator[Report]) -> Iterator[Report]:
    """Pass the reports on and show a progress bar on stderr."""
    from tqdm import tqdm

    slow = {} if sys.stderr.isatty() else {"mininterval": 10.0}
    form = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
    with tqdm(total=1.0, desc="training", bar_format=form, file=sys.stderr, **slow) as bar:
        for report in reports:
            if report.terms is not None:
                bar.set_postfix_str(_postfix(report), refresh=False)
                bar.update(report.done - bar.n)
            if report.measuring and report.measuring not in bar.desc:
                bar.set_description_str(f"measuring {report.measuring}")
            yield report


def _postfix(report: Report) -> str:
    """Step, speed and losses, behind the progress bar."""
    losses = " ".join(f"{label} {terms['loss']:.2f}" for label, terms in report.terms.items())
    return f"step {report.step}, {report.views_per_second:,.0f} views/s, loss {losses}"


def show(report: Report, config: RunConfig, arguments: argparse.Namespace) -> None:
    """Print the result of the race, as JSON or as a table."""
    runs_root = paths.root(arguments.root)
    objectives = {member.label: member.objective for member in config.members}
    members = {
        label: {
            "run": run,
            "objective": objectives[label],
            "folder": str(runs_root / run),
            "status": "failed" if label in report.failed else report.status,
            "reason": report.failed.get(label),
            "step": report.step,
            "seconds": report.seconds,
            "views_per_second": report.views_per_second,
            "scores": report.scores.get(label, {}),
        }
        for label, run in report.runs.items()
    }
    if arguments.json:
        summary = {"race": report.race, "status": report.status, "step": report.step, "seconds": report.seconds}
        options.print_json(
            summary | {"views_per_second": report.views_per_second, "root": str(runs_root), "members": members}
        )
        return
    rows = [
        {
            "run": member["run"],
            **{name: member["scores"].get(name) for name in options.main_scores()},
            "why": member["reason"],
        }
        for member in members.values()
    ]
    options.print_table(rows)
    print(f"{report.status} after {report.step} steps, {report.seconds:.0f} s, {report.views_per_second:,.0f} views/s")
