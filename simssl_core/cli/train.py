"""``train``: a race in the foreground, with a progress bar; pages see it like any other."""

from __future__ import annotations

import argparse
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simssl_core.cli import options
from simssl_core.config import DataConfig, Member, RunConfig, parse
from simssl_core.errors import ConfigError, RunError
from simssl_core.jobs import launcher, session
from simssl_core.jobs.messages import Report
from simssl_core.objectives import facts
from simssl_core.runtime.environment import cores
from simssl_core.storage import paths, race_file

MANY = 10_000_000  # steps, where --seconds alone decides

HELP = "train one or more objectives side by side on the same views"
NOTE = """A member is an objective's name, or label=objective to race one objective with several settings:
  --objectives weak=simvae,strong=simvae --set strong.beta=4

--set changes any setting, of a section (data, views, model, train) or of a member:
  --set train.learning_rate=3e-4 --set views.shared=shape,hue --set simclr.temperature=0.1

Ctrl-C saves a checkpoint and stops (exit code 130); --resume RACE goes on from there.
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train", help=HELP, description=HELP, epilog=NOTE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_configuration(parser)
    parser.add_argument("--resume", metavar="RACE", help="go on with a stopped or interrupted race")
    parser.add_argument("--no-final", action="store_true", help="leave out the full measurement at the end")
    options.add_root(parser)
    parser.set_defaults(do=run)


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """What is trained, on what, for how long: what :func:`configuration` reads."""
    data = DataConfig().name
    parser.add_argument("--data", default=data, metavar="NAME", help=f"data set (default: {data}; see 'list')")
    parser.add_argument(
        "--preset", metavar="NAME", help="a setting from the literature, in place of --data (see 'list')"
    )
    parser.add_argument("--path", metavar="PATH", help="your own images, for the data sets that read them (see 'list')")
    pair = ",".join(name for name, about in facts.everything().items() if about.typical)
    parser.add_argument("--objectives", default=pair, metavar="A,B", help=f"who races, or 'all' (default: {pair})")
    parser.add_argument("--steps", type=int, help="steps to train for (default: 2000, or no limit with --seconds)")
    parser.add_argument("--seconds", type=float, help="stop after this many seconds of training, all members together")
    parser.add_argument("--seed", type=int, help="seed of weights, batches and views (default: 0)")
    parser.add_argument("--name", default="", help="name of the race; its runs are called NAME-LABEL")
    parser.add_argument("--views", type=int, metavar="J", help="views of each datum (default: 2)")
    parser.add_argument(
        "--shared", metavar="A,B", help="sprites: the factors all views of a datum share (default: shape)"
    )
    parser.add_argument("--encoder", help="mlp, convnet or resnet18 (default: what suits the data)")
    parser.add_argument("--width", type=int, metavar="D", help="width of the representation")
    parser.add_argument("--device", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PLACE=VALUE", help="any other setting; see below"
    )


def run(chosen: argparse.Namespace) -> int:
    """Train, and print the scores."""
    options.prepare_environment(_threads(chosen.set))
    race = None
    if chosen.resume:
        config, race = _resumed(chosen.resume, chosen.root)
    else:
        config = _with_all_cores(configuration(chosen))
        launcher.validate(config, paths.root(chosen.root), objectives=True)
    with stopping() as asked:
        reports = session.run_race(
            config,
            chosen.root,
            race_file=race,
            resume=race is not None,
            final=not chosen.no_final,
            interrupted=lambda: asked[0],
        )
        last = deque(_followed(reports), maxlen=1).pop()
    show(last, config, chosen)
    if asked[0]:
        return 130
    return 1 if last.status == "failed" else 0


def _with_all_cores(config: RunConfig) -> RunConfig:
    """In the foreground no page needs a core for itself: threads left to the lab become all there are."""
    train = config.train.model_copy(update={"threads": config.train.threads or cores()})
    return config.model_copy(update={"train": train})


def configuration(chosen: argparse.Namespace) -> RunConfig:
    """The race that the command line describes.

    Raises:
        ConfigError, DataError: an unknown name or a value out of range.
    """
    from simssl_core import presets

    start = presets.preset(chosen.preset) if chosen.preset else None
    members = _members(chosen.objectives)
    sections, settings = options.assignments(chosen.set, members)
    steps = chosen.steps if chosen.steps is not None else MANY if chosen.seconds is not None else None
    direct = {
        "data": {"path": chosen.path},
        "views": {"count": chosen.views, "shared": chosen.shared.split(",") if chosen.shared else None},
        "model": {"encoder": chosen.encoder, "width": chosen.width},
        "train": {"steps": steps, "seconds": chosen.seconds, "seed": chosen.seed, "device": chosen.device},
    }
    for section, values in direct.items():
        given = {name: value for name, value in values.items() if value is not None}
        sections[section] = given | sections.get(section, {})
    racers = [
        parse(Member, {"objective": objective, "label": label, "settings": settings.get(label, {})}, label)
        for label, objective in members.items()
    ]
    return presets.recommended(chosen.data, racers, name=chosen.name, start=start, **sections)


def _members(text: str) -> dict[str, str]:
    """{label: objective}."""
    if text.strip() == "all":
        return {name: name for name in facts.names()}
    members: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        label, equals, objective = part.partition("=")
        if label in members:
            raise ConfigError(f"--objectives names '{label}' twice; write label=objective to tell them apart.")
        members[label] = objective if equals else label
    if not members:
        raise ConfigError("--objectives names nobody; see 'list'.")
    return members


def _threads(texts: list[str]) -> int:
    """``train.threads`` must be known before torch is imported."""
    given = [text.partition("=")[2] for text in texts if text.startswith("train.threads=")]
    return int(given[-1]) if given and given[-1].isdigit() else cores()


def _resumed(name: str, root: str | None) -> tuple[RunConfig, race_file.RaceFile]:
    where = paths.root(root)
    now = launcher.status(name, where)
    if now not in ("stopped", "interrupted", "failed"):
        raise RunError(f"'{name}' is {now}: it cannot be resumed here.")
    race = race_file.read(where, name)
    return race.config, race


@contextmanager
def stopping() -> Iterator[list[bool]]:
    """The first Ctrl-C (or SIGTERM) asks the race to save and stop, the second ends it at once."""
    asked = [False]

    def note(*_: object) -> None:
        if asked[0]:
            raise KeyboardInterrupt
        asked[0] = True
        print("\nsaving and stopping; once more to end at once", file=sys.stderr)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: nobody sends it signals
        before = {}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _followed(reports: Iterator[Report]) -> Iterator[Report]:
    """The same reports, with a progress bar on stderr."""
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
    losses = " ".join(f"{label} {terms['loss']:.2f}" for label, terms in report.terms.items())
    return f"step {report.step}, {report.views_per_second:,.0f} views/s, loss {losses}"


def show(report: Report, config: RunConfig, chosen: argparse.Namespace) -> None:
    """Print what came out, as JSON or as a table."""
    where = paths.root(chosen.root)
    objectives = {member.label: member.objective for member in config.members}
    members = {
        label: {
            "run": run,
            "objective": objectives[label],
            "folder": str(where / run),
            "status": "failed" if label in report.failed else report.status,
            "reason": report.failed.get(label),
            "step": report.step,
            "seconds": report.seconds,
            "views_per_second": report.views_per_second,
            "scores": report.scores.get(label, {}),
        }
        for label, run in report.runs.items()
    }
    if chosen.json:
        whole = {"race": report.race, "status": report.status, "step": report.step, "seconds": report.seconds}
        options.print_json(
            whole | {"views_per_second": report.views_per_second, "root": str(where), "members": members}
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
