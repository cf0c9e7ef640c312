"""What can be said of an objective without importing torch: its name, title, family, colour, unit and the like.

Every fact is a class variable of the objective, so its file is the one place where it stands. Pages that must open at
once, and commands that only list, read those class variables from the source text (they are literals, as are the
defaults in the base classes); an objective that was registered is asked directly, wherever it was defined.
"""

from __future__ import annotations

import ast
import colorsys
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from simssl_core.errors import ConfigError

FAMILIES = ("generative", "discriminative", "reference")
UNITS = ("nats per datum", "nats per view", "in its own units")
KEEPS = ("all", "shared", "")
# What a subclass must say again: it is true of one class and not of those that derive from it.
NOT_INHERITED = ("name", "title", "colour", "typical", "first_race", "vae_baseline", "recommended", "published")
REGISTERED: dict[str, type] = {}
COLOUR = re.compile("#[0-9A-Fa-f]{6}")
APART = 40  # least distance in RGB (0..255 each) of a made-up colour from every given one


@dataclass(frozen=True)
class Facts:
    """The class variables of :class:`~simssl_core.objectives.base.Objective` that need no torch; their meaning is
    documented there.

    Raises:
        ConfigError: a fact is missing, or is none of those that pages can print.
    """

    name: str = ""
    title: str = ""
    family: str = ""
    colour: str = ""
    unit: str = UNITS[-1]
    keeps: str = ""
    needs_captions: bool = False
    typical: bool = False
    first_race: bool = False
    vae_baseline: bool = False
    recommended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    published: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or not self.title:
            raise ConfigError(f"objective '{self.name or self.title}' needs both a name and a title")
        for fact, allowed in (("family", FAMILIES), ("unit", UNITS), ("keeps", KEEPS)):
            if getattr(self, fact) not in allowed:
                known = ", ".join(repr(one) for one in allowed)
                raise ConfigError(f"{self.name}.{fact} is {getattr(self, fact)!r}; it must be one of {known}")
        if self.colour and not COLOUR.fullmatch(self.colour):
            raise ConfigError(f"{self.name}.colour is {self.colour!r}; write it as '#RRGGBB', or leave it out")


FIELDS = tuple(one.name for one in fields(Facts))


def everything() -> dict[str, Facts]:
    """The facts of every objective by name: the generative first, then the discriminative, then the references, each
    in alphabetical order. Imports nothing.
    """
    found = _in_files() | {name: _of_class(kind) for name, kind in dict(REGISTERED).items()}
    return {name: found[name] for name in sorted(found, key=lambda name: (FAMILIES.index(found[name].family), name))}


def names() -> tuple[str, ...]:
    """The objectives' names in the order of :func:`everything`."""
    return tuple(everything())


def find(name: str) -> Facts | None:
    """The facts of one objective; None where none has that name (a run may come from another laboratory)."""
    kind = REGISTERED.get(name)
    return _of_class(kind) if kind else _in_files().get(name)


def colour(name: str) -> str:
    """The colour of an objective as ``#RRGGBB``: its own, or one made from its name, apart from all given ones."""
    known = find(name)
    return (known and known.colour) or _made_up(name)


def add(kind: type) -> None:
    """Register an objective's class by its name (a later one of the same name replaces it).

    Raises:
        ConfigError: one of its facts is missing or cannot be printed; nothing is registered then.
    """
    REGISTERED[_of_class(kind).name] = kind


def _of_class(kind: type) -> Facts:
    return Facts(**{name: getattr(kind, name) for name in FIELDS if hasattr(kind, name)})


@cache
def _made_up(name: str) -> str:
    given = [_rgb(one.colour) for one in _in_files().values() if one.colour]
    best: tuple[float, str] = (-1.0, "")
    for turn in range(64):
        hue, light, strong = (byte / 255 for byte in hashlib.sha256(f"{name}/{turn}".encode()).digest()[:3])
        parts = [round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.4 + 0.2 * light, 0.4 + 0.4 * strong)]
        distance = min(sum((a - b) ** 2 for a, b in zip(parts, other, strict=True)) ** 0.5 for other in given)
        best = max(best, (distance, "#{:02X}{:02X}{:02X}".format(*parts)))
        if distance >= APART:
            break
    return best[1]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@cache
def _in_files() -> dict[str, Facts]:
    """The facts of every class in this package that is decorated with ``@register``, read from its source."""
    nodes: list[ast.ClassDef] = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes += [node for node in tree.body if isinstance(node, ast.ClassDef)]
    classes = {node.name: node for node in nodes}  # to look bases up; two files may call their class the same
    registered = [node for node in nodes if any(_is_register(one) for one in node.decorator_list)]
    found = [Facts(**_values(node, classes)) for node in registered]
    return {one.name: one for one in found}


def _is_register(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == "register"


def _values(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> dict[str, Any]:
    """The facts that a class states, over those that it inherits."""
    inherited: dict[str, Any] = {}
    for base in reversed(node.bases):
        if isinstance(base, ast.Name) and base.id in classes:
            inherited |= _values(classes[base.id], classes)
    return {name: value for name, value in inherited.items() if name not in NOT_INHERITED} | _literals(node)


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    stated = {}
    for statement in node.body:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in FIELDS:
                stated[target.id] = _literal(node, target.id, statement.value)
    return stated


def _literal(node: ast.ClassDef, name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError as error:
        raise ConfigError(
            f"{node.name}.{name} (line {value.lineno} of its file in simssl_core/objectives) is computed, but pages "
            "read it without running the file; write its value out, as a string, number or dictionary of them"
        ) from error
