"""Every score, declared once: its title, unit, direction, range, chance level, help, and the tables that show it.

A score that is computed from features is declared by :func:`measures` above the function that computes it, in one file
of ``evaluation``. Those rows are read from the source text, so that a page that only needs a title does not import
torch; importing the file registers the same row again and refuses one that differs. So adding a score touches that one
file, and its test. What training or a study computes stands in :data:`OTHERS`.

A module of your own declares scores in the same way: name it in ``SIMSSL_METRICS`` and every process has them, those
that train and measure in the background too. Or import it, or call :func:`register`, for the running process alone.

A name that ends in ``:*`` is a pattern, of a score for each factor: ``style:*`` declares ``style:hue``.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from simssl_core.errors import ConfigError

Family = Literal["content", "style", "factors", "geometry", "information", "generation", "training"]
Table = Literal["compare", "runs", "train", "shell", "study"]
NAME = re.compile(r"[a-z][a-z0-9_]*(:\*)?")
FOLDER = Path(__file__).parent / "evaluation"


@dataclass(frozen=True)
class Metric:
    """One score, or a pattern of scores.

    Attributes:
        name: the flat name, as files and databases hold it.
        title: in words, for a table's column; of a pattern with ``{}`` where the factor stands.
        family: what it is about. The ``headline`` of a family is the one number that stands for it where there is room
            for one only.
        unit: what it is counted in. better: which direction is better, if either.
        low, high: its range; None where it has no bound.
        chance: what an encoder that knows nothing gets: a number, ``1/classes`` (an accuracy), ``1/values or 0`` (of a
            factor: accuracy of a discrete one, else R²), or None where there is no such level.
        term: the glossary's entry that explains it, or ``help``: a sentence where the glossary has none.
        measured: while a run trains (``live``), at its end and on request (``full``), or ``both``.
        source: who computes it: ``features`` (:func:`evaluation.scores.score`), the ``objective`` where it is asked
            about captions, ``training``, or a ``study``.
        reads: the arrays of ``Features`` that its function takes, in order; none: it takes the ``Features`` themselves.
        place: where tables put it, from left to right.
        tables: Compare's, that of Runs, the curves of Train, those of the shell, a study's.
        column: its heading in a study's table, curve: over its curve, where the title is too long for these.
        layers: whether the layer profile asks it of every layer.
        is_share: whether it is the share of labelled test images that were named rightly, which decides its interval.
        collapses_below: a value below this is a sign of collapse, told in ``collapse_words`` (``{:.1f}``: the value).
        module: where its function stands.
    """

    name: str
    title: str
    family: Family
    unit: str = ""
    better: Literal["higher", "lower", "neither"] = "neither"
    low: float | None = None
    high: float | None = None
    chance: float | Literal["1/classes", "1/values or 0"] | None = None
    term: str = ""
    help: str = ""
    measured: Literal["live", "full", "both"] = "both"
    source: Literal["features", "objective", "training", "study"] = "features"
    reads: tuple[str, ...] = ()
    place: int = 1_000
    headline: bool = False
    tables: tuple[Table, ...] = ("compare",)
    column: str = ""
    curve: str = ""
    layers: bool = False
    is_share: bool = False
    collapses_below: float | None = None
    collapse_words: str = ""
    module: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ConfigError(
                f"'{self.name}' cannot be a metric's name: write small letters, digits and '_', with ':*' at the "
                "end for a pattern"
            )
        if self.tables and not (self.term or self.help):
            raise ConfigError(f"metric '{self.name}' stands in tables and explains itself nowhere: give term= or help=")

    @property
    def is_pattern(self) -> bool:
        """Whether it declares many names."""
        return self.name.endswith(":*")

    def measured_when(self, full: bool) -> bool:
        """Whether a live measurement, or a ``full`` one, computes it."""
        return self.measured in ("both", "full" if full else "live")


def _training(name: str, title: str, unit: str = "", term: str = "") -> Metric:
    return Metric(name, title, "training", unit, term=term, measured="live", source="training", tables=())


def _in_study(name: str, title: str, family: Family, **about: Any) -> Metric:
    return Metric(name, title, family, measured="full", source="study", **about)


LOSS = "the objective's own unit"
OTHERS = (
    _training("loss", "Loss", LOSS, "objective"),
    _training("pull", "Pull", LOSS, "pull"),
    _training("push", "Push", LOSS, "push"),
    _training("reconstruct", "Reconstruct", LOSS, "reconstruct"),
    _training("other", "Other", LOSS),
    _training("views_per_second", "Views per second"),
    _training("probe_share", "Share of the time spent on probes", "share"),
    _training("probe_share_trainer", "The trainer’s part of it", "share"),
    _training("probe_share_evaluator", "The evaluator’s part of it", "share"),
    _training("probe_share_map", "The map’s part of it", "share"),
    _in_study("role:*", "Loss at the end: {}", "training", unit=LOSS, tables=()),
    _in_study("layer:*", "Layer: {}", "information", tables=()),
    _in_study(
        "backbone",
        "Style in the backbone: mean R²",
        "style",
        unit="R²",
        better="higher",
        chance=0.0,
        term="backbone",
        place=900,
        tables=("study",),
        column="backbone style R²",
    ),
    _in_study(
        "output",
        "Style at the head’s output: mean R²",
        "style",
        unit="R²",
        better="higher",
        chance=0.0,
        term="projection head",
        place=901,
        tables=("study",),
        column="head output style R²",
    ),
)

_rows: dict[str, Metric] = {}
_functions: dict[str, Callable] = {}


def measures(name: str, **about: Any) -> Callable[[Callable], Callable]:
    """Declare that the function below computes the metric ``name``; ``about`` are the fields of :class:`Metric`.

    The function takes the arrays named in ``reads`` (or the ``Features``) and returns a number, or {flat name: number}
    where it stands under several declarations; NaN where the question has no answer. In a file that is read as text
    (of ``evaluation``, or named in ``SIMSSL_METRICS``) every argument must be a literal.
    """

    def declare(function: Callable) -> Callable:
        register(Metric(name, **about, module=function.__module__), function)
        return function

    return declare


def register(row: Metric, function: Callable | None = None) -> None:
    """Add ``row``, computed by ``function``. The very same row may be registered again.

    Raises:
        ConfigError: another metric has this name, or nothing computes it although features are its source.
    """
    there = _declared().get(row.name)
    if there is not None and there != row:
        raise ConfigError(f"there is a metric '{row.name}' already, declared in {there.module or __name__}")
    if function is None and row.source == "features":
        raise ConfigError(f"metric '{row.name}' is computed from features: give the function that does it")
    _rows[row.name] = row
    if function is not None:
        _functions[row.name] = function


def unregister(name: str) -> None:
    """Forget a metric that was registered from outside the package."""
    _declared().pop(name, None)
    _functions.pop(name, None)


def function(name: str) -> Callable:
    """What computes the metric declared as ``name``; the module that declares it must have been imported."""
    return _functions[name]


def rows() -> list[Metric]:
    """All of them, in the order of tables."""
    return sorted(_declared().values(), key=lambda row: (row.place, row.name))


def get(name: str) -> Metric | None:
    """The row that declares a flat name, be it by a pattern; None where none does."""
    known = _declared()
    return known.get(name) or known.get(f"{name.partition(':')[0]}:*")


def headline(family: Family) -> str:
    """The name of the one number that stands for a family: of content the linear probe."""
    return next(row.name for row in rows() if row.headline and row.family == family)


def in_table(table: Table) -> list[Metric]:
    """The rows that ``table`` shows, in order."""
    return [row for row in rows() if table in row.tables]


def family(name: str) -> Family | None:
    """What a flat name is about; None where nobody declares it."""
    row = get(name)
    return None if row is None else row.family


def ordered(names: Iterable[str]) -> list[str]:
    """``names`` in the order of tables: single scores, those of a pattern, what nobody declares.

    Within a pattern they stay in the order given.
    """
    places = {row.name: place for place, row in enumerate(rows())}

    def place(name: str) -> tuple[int, int]:
        row = get(name)
        return (2, 0) if row is None else (int(row.is_pattern), places[row.name])

    return sorted(dict.fromkeys(names), key=place)


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """Those of ``names`` that ``pattern`` declares, each once, in the order given."""
    return [name for name in dict.fromkeys(names) if name.startswith(pattern.removesuffix("*"))]


def title(name: str) -> str:
    """A flat name in words: ``style:hue`` → "Style: hue"."""
    row = get(name)
    if row is None:
        return name.replace("_", " ").capitalize()
    return row.title.format(_factor(name)) if row.is_pattern else row.title


def short(name: str) -> str:
    """The title without what a list of such scores need not repeat: "Style: hue" → "Hue"."""
    first, _, rest = title(name).partition(": ")
    return rest[:1].upper() + rest[1:] if rest and first in ("Content", "Style") else title(name)


def column(name: str) -> str:
    """The heading in a narrow table: "style R²"; of a pattern the factor, as files spell it."""
    row = get(name)
    return (row.column if row else "") or name.partition(":")[2] or name


def curve(name: str) -> str:
    """The title over its curve."""
    row = get(name)
    return (row.curve if row else "") or title(name)


def chance(name: str, classes: int = 0) -> float | None:
    """What an encoder that knows nothing gets, where there are ``classes`` answers (0: no classes, or not known)."""
    row = get(name)
    level = None if row is None else row.chance
    if isinstance(level, str):
        unknown = 0.0 if level == "1/values or 0" else None
        return 1 / classes if classes > 1 else unknown
    return level


def signs_of_collapse(values: Mapping[str, float]) -> list[str]:
    """What in ``values`` says that the encoder has collapsed, in words."""
    return [
        row.collapse_words.format(values[row.name])
        for row in rows()
        if row.collapses_below is not None and values.get(row.name, row.collapses_below) < row.collapses_below
    ]


def _factor(name: str) -> str:
    return name.partition(":")[2].replace("_", " ")


def _declared() -> dict[str, Metric]:
    """The registry; at the first call it is filled with :data:`OTHERS` and with what source files declare."""
    if not _rows:
        found = [*OTHERS, *(row for module, path in _sources() for row in read_source(path, module))]
        twice = sorted({row.name for row in found if sum(other.name == row.name for other in found) > 1})
        if twice:
            raise ConfigError(f"declared twice: the metrics {', '.join(twice)}")
        _rows.update({row.name: row for row in found})
    return _rows


def _sources() -> list[tuple[str, Path]]:
    """(module, its file) of ``evaluation``, and of the modules that the environment's ``SIMSSL_METRICS`` names."""
    inside = [(f"{__package__}.{FOLDER.name}.{path.stem}", path) for path in sorted(FOLDER.glob("*.py"))]
    names = os.environ.get("SIMSSL_METRICS", "").split(",")
    return inside + [(name.strip(), _file_of(name.strip())) for name in names if name.strip()]


def _file_of(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        spec = None
    if spec is None or not spec.has_location:
        raise ConfigError(
            f"SIMSSL_METRICS names '{module}', and Python finds no such module: put its folder into PYTHONPATH"
        )
    return Path(spec.origin)


def read_source(path: Path, module: str) -> list[Metric]:
    """The rows that the decorators in the file of ``module`` declare, without importing it.

    Raises:
        ConfigError: an argument of :func:`measures` is not a literal.
    """
    source = path.read_text(encoding="utf-8")
    if "@measures(" not in source:
        return []
    calls = [
        call
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef)
        for call in function.decorator_list
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "measures"
    ]
    return [_row(call, path.name, module) for call in calls]


def _row(call: ast.Call, file: str, module: str) -> Metric:
    try:
        (name,) = (ast.literal_eval(value) for value in call.args)
        about = {field.arg: ast.literal_eval(field.value) for field in call.keywords}
        return Metric(name, **about, module=module)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{file}, line {call.lineno}: @measures takes a name and fields of Metric as literals ({error})"
        ) from error
