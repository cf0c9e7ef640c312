"""The registry of scores: the title, unit, direction, range, chance level, help and tables of each.

A score that is computed from features is declared with :func:`measures` above the function that computes it, in a file
of ``evaluation``. These declarations are read from the source text, so that a page that needs only a title does not
import torch. Importing the file registers the same row again and raises an error if it differs. So to add a score,
change only that file and its test. :data:`OTHERS` holds the scores that training or a study computes.

Your own module can declare scores in the same way. Name it in ``SIMSSL_METRICS``, and all processes use it, including
those that train and measure in the background. If you only import it or call :func:`register`, just the running process
uses it.

A name that ends in ``:*`` is a pattern that declares a score for each factor: ``style:*`` declares ``style:hue``.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
from collections import Counter
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
        name: the flat name that files and databases use.
        title: the title in words, for example for a table's column; that of a pattern contains ``{}`` for the factor.
        family: the topic of the score.
        unit: the unit of the value.
        better: which direction is better, if any.
        low, high: the bounds of the range; None if there is no bound.
        chance: the value of an encoder without information: a number, ``1/classes`` (for an accuracy), ``1/values or
            0`` (for a factor: accuracy if it is discrete, otherwise R²), or None if there is no such level.
        term: the glossary entry that explains the score.
        help: a sentence that explains the score if the glossary has no entry for it.
        measured: during training (``live``), at its end and on request (``full``), or ``both``.
        source: what computes it: ``features`` (:func:`evaluation.scores.score`), the ``objective`` (scores of
            captions), ``training``, or a ``study``.
        reads: the arrays of ``Features`` that its function takes, in order; if empty, it takes the ``Features``.
        place: the position in tables, from left to right.
        headline: whether the score represents its family where only one score can be shown.
        tables: where it is shown: in the tables of Compare, Runs, the shell and a study, or as a curve in Train.
        column: the heading in the table of a study, if the title is too long.
        curve: the title above its curve, if the title is too long.
        layers: whether the layer profile computes it for every layer.
        is_share: whether it is the share of correctly classified test images; this determines its interval.
        collapses_below: a value below this is a sign of collapse.
        collapse_words: the description of that sign, with ``{:.1f}`` or similar for the value.
        module: the module that contains its function.
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
                f"'{self.name}' cannot be a metric's name: use lower-case letters, digits and '_', and ':*' at the "
                "end of a pattern"
            )
        if self.tables and not (self.term or self.help):
            raise ConfigError(f"metric '{self.name}' is shown in tables but has no explanation: give term= or help=")

    @property
    def is_pattern(self) -> bool:
        """Whether it declares a score for each factor."""
        return self.name.endswith(":*")

    def measured_when(self, full: bool) -> bool:
        """Return whether a ``full`` (otherwise a live) measurement computes it."""
        return self.measured in ("both", "full" if full else "live")


def _training(name: str, title: str, unit: str = "", term: str = "") -> Metric:
    return Metric(name, title, "training", unit, term=term, measured="live", source="training", tables=())


def _in_study(name: str, title: str, family: Family, **fields: Any) -> Metric:
    return Metric(name, title, family, measured="full", source="study", **fields)


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


def measures(name: str, **fields: Any) -> Callable[[Callable], Callable]:
    """Declare that the decorated function computes the metric ``name``; ``fields`` are those of :class:`Metric`.

    The function takes the arrays named in ``reads`` (or the ``Features``). It returns a number, or {flat name: number}
    if it has several declarations; NaN means that the score is not defined. In a file that is read as text (one of
    ``evaluation``, or one named in ``SIMSSL_METRICS``) every argument must be a literal.
    """

    def declare(function: Callable) -> Callable:
        register(Metric(name, **fields, module=function.__module__), function)
        return function

    return declare


def register(row: Metric, function: Callable | None = None) -> None:
    """Add ``row``, computed by ``function``. An identical row may be registered again.

    Raises:
        ConfigError: another metric has this name, or a metric that is computed from features has no function.
    """
    declared = _declared().get(row.name)
    if declared is not None and declared != row:
        raise ConfigError(f"there is a metric '{row.name}' already, declared in {declared.module or __name__}")
    if function is None and row.source == "features":
        raise ConfigError(f"metric '{row.name}' is computed from features: give the function that computes it")
    _rows[row.name] = row
    if function is not None:
        _functions[row.name] = function


def unregister(name: str) -> None:
    """Remove a metric that was registered from outside of the package."""
    _declared().pop(name, None)
    _functions.pop(name, None)


def function(name: str) -> Callable:
    """Return the function of the metric declared as ``name``, whose module must have been imported."""
    return _functions[name]


def rows() -> list[Metric]:
    """Return all metrics, in the order of tables."""
    return sorted(_declared().values(), key=lambda row: (row.place, row.name))


def get(name: str) -> Metric | None:
    """Return the row or pattern that declares a flat name, or None."""
    declared = _declared()
    return declared.get(name) or declared.get(f"{name.partition(':')[0]}:*")


def headline(family: Family) -> str:
    """Return the name of the score that represents a family, for example the linear probe for content."""
    return next(row.name for row in rows() if row.headline and row.family == family)


def in_table(table: Table) -> list[Metric]:
    """Return the rows that ``table`` shows, in order."""
    return [row for row in rows() if table in row.tables]


def family(name: str) -> Family | None:
    """Return the family of a flat name, or None if the name is not declared."""
    row = get(name)
    return None if row is None else row.family


def ordered(names: Iterable[str]) -> list[str]:
    """Return distinct ``names`` in the order of tables: single scores, then patterns, then undeclared names.

    The names of a pattern keep the order in which they are given.
    """
    positions = {row.name: position for position, row in enumerate(rows())}

    def sort_key(name: str) -> tuple[int, int]:
        row = get(name)
        return (2, 0) if row is None else (int(row.is_pattern), positions[row.name])

    return sorted(dict.fromkeys(names), key=sort_key)


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """Return the distinct ``names`` that ``pattern`` declares, in the order given."""
    return [name for name in dict.fromkeys(names) if name.startswith(pattern.removesuffix("*"))]


def title(name: str) -> str:
    """Return the title of a flat name: ``style:hue`` → "Style: hue"."""
    row = get(name)
    if row is None:
        return name.replace("_", " ").capitalize()
    return row.title.format(_factor(name)) if row.is_pattern else row.title


def short(name: str) -> str:
    """Return the title without a prefix that a list of such scores need not repeat: "Style: hue" → "Hue"."""
    first, _, rest = title(name).partition(": ")
    return rest[:1].upper() + rest[1:] if rest and first in ("Content", "Style") else title(name)


def column(name: str) -> str:
    """Return the heading in a narrow table, such as "style R²"; for a pattern the name of the factor."""
    row = get(name)
    return (row.column if row else "") or name.partition(":")[2] or name


def curve(name: str) -> str:
    """Return the title above the curve of a flat name."""
    row = get(name)
    return (row.curve if row else "") or title(name)


def chance(name: str, classes: int = 0) -> float | None:
    """Return the score of an encoder without information, for ``classes`` classes (0: none, or unknown)."""
    row = get(name)
    level = None if row is None else row.chance
    if isinstance(level, str):
        without_classes = 0.0 if level == "1/values or 0" else None
        return 1 / classes if classes > 1 else without_classes
    return level


def signs_of_collapse(values: Mapping[str, float]) -> list[str]:
    """Return descriptions of those ``values`` that indicate a collapsed encoder."""
    return [
        row.collapse_words.format(values[row.name])
        for row in rows()
        if row.collapses_below is not None and values.get(row.name, row.collapses_below) < row.collapses_below
    ]


def _factor(name: str) -> str:
    return name.partition(":")[2].replace("_", " ")


def _declared() -> dict[str, Metric]:
    """Return the registry; the first call fills it with :data:`OTHERS` and the declarations in source files."""
    if not _rows:
        declared = list(OTHERS)
        for module, path in _sources():
            declared += read_source(path, module)
        counts = Counter(row.name for row in declared)
        duplicates = sorted(name for name, count in counts.items() if count > 1)
        if duplicates:
            raise ConfigError(f"these metrics are declared twice: {', '.join(duplicates)}")
        _rows.update({row.name: row for row in declared})
    return _rows


def _sources() -> list[tuple[str, Path]]:
    """Return (module, file) of ``evaluation`` and of the modules that the variable ``SIMSSL_METRICS`` names."""
    own = [(f"{__package__}.{FOLDER.name}.{path.stem}", path) for path in sorted(FOLDER.glob("*.py"))]
    names = [name.strip() for name in os.environ.get("SIMSSL_METRICS", "").split(",")]
    return own + [(name, _file_of(name)) for name in names if name]


def _file_of(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        spec = None
    if spec is None or not spec.has_location:
        raise ConfigError(
            f"SIMSSL_METRICS names '{module}', but Python finds no such module: add its folder to PYTHONPATH"
        )
    return Path(spec.origin)


def read_source(path: Path, module: str) -> list[Metric]:
    """Return the rows that the decorators in the file of ``module`` declare, without importing it.

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
        fields = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        return Metric(name, **fields, module=module)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{file}, line {call.lineno}: @measures takes a name and the fields of Metric as literals ({error})"
        ) from error
