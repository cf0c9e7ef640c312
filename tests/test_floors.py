"""The house stands: imports point down only, nothing runs in a circle, and the core knows nothing of the web."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE, PAGES = "simssl_core", "pages"

# From the ground up; rooms of one floor may not import each other.
CORE_FLOORS = (
    ("errors",),  # config raises them
    ("config", "metrics", "version", "functional"),
    ("runtime", "models", "data"),
    ("objectives",),
    ("evaluation", "latent", "presets"),
    ("storage",),
    ("training",),
    ("encoder",),  # a trained run as a function
    ("analysis",),
    ("jobs",),
    ("library",),
    ("study",),
    ("figures",),
    ("bench",),
    ("cli",),  # beside the pages: the same verbs from a shell
    ("__main__",),
)
PAGE_FLOORS = (("shared",), ("components", "tours"), ("parts",), ("page",), ("app",))
HIGHEST_FOR_PAGES = "bench"  # the pages may use everything of the core up to here


def heights(floors: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    return {room: height for height, rooms in enumerate(floors) for room in rooms}


CORE_HEIGHT, PAGE_HEIGHT = heights(CORE_FLOORS), heights(PAGE_FLOORS)


def sources() -> list[Path]:
    return sorted([*(ROOT / CORE).rglob("*.py"), *(ROOT / PAGES).rglob("*.py"), *ROOT.glob("app.py")])


def dotted(path: Path | str) -> str:
    """``simssl_core/data/types.py`` → ``simssl_core.data.types``; a package's ``__init__.py`` is the package."""
    return ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """The room that a dotted module stands in: ``simssl_core.data.types`` → ``data``, ``pages.train_parts.form`` →
    ``parts``, ``pages.train`` → ``page``; the core's own ``__init__`` stands in none ("").
    """
    first, *rest = module.split(".")
    if first == "app":
        return "app"
    if first == PAGES:
        return (
            rest[0] if rest and rest[0] in PAGE_HEIGHT else "parts" if rest and rest[0].endswith("_parts") else "page"
        )
    return rest[0] if rest else ""


def imports(source: str, module: str, is_package: bool = False) -> list[tuple[int, str]]:
    """(line, dotted module) of every import in ``source``, also those inside functions; relative ones made absolute.

    ``from package import name`` is told as ``package.name``: name may be a module.
    """
    package = module if is_package else module.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return found


def offences(path: str, source: str) -> list[str]:
    """What ``source``, standing at ``path`` (relative to the project), imports although it must not."""
    module = dotted(path)
    here, in_core = room(module), module.startswith(CORE)
    bad = []
    for line, target in imports(source, module, path.endswith("__init__.py")):
        top, there = target.split(".")[0], room(target)
        if in_core and top == "streamlit":
            bad.append(f"{path}:{line}: the core imports streamlit")
        elif in_core and top in (PAGES, "app"):
            bad.append(f"{path}:{line}: the core imports the pages")
        elif top == CORE and in_core and here and there in CORE_HEIGHT and there != here:
            if CORE_HEIGHT[there] >= CORE_HEIGHT[here]:
                bad.append(f"{path}:{line}: {here} imports {there}, which is not below it")
        elif top == CORE and not in_core and CORE_HEIGHT.get(there, 0) > CORE_HEIGHT[HIGHEST_FOR_PAGES]:
            bad.append(f"{path}:{line}: a page imports {there}")
        elif top in (PAGES, "app") and there != here and PAGE_HEIGHT[there] >= PAGE_HEIGHT[here]:
            bad.append(f"{path}:{line}: {here} imports {there}, which is not below it")
        elif here == there == "parts" and top == PAGES and target.split(".")[1] != module.split(".")[1]:
            bad.append(f"{path}:{line}: the parts of one page import those of another")
    return bad


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Every group of modules of which each imports the next and the last the first (strongly connected, Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in graph[node]:
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            place = stack.index(node)
            group = stack[place:]
            del stack[place:]
            if len(group) > 1 or node in graph[node]:
                found.append(sorted(group))

    for node in graph:
        if node not in order:
            visit(node)
    return found


def import_graph(files: dict[str, str]) -> dict[str, set[str]]:
    """Which of the ``files`` (path → source) imports which, by dotted name."""
    modules = {dotted(path) for path in files}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for path, source in files.items():
        module = dotted(path)
        for _, target in imports(source, module, path.endswith("__init__.py")):
            nearest = target if target in modules else target.rpartition(".")[0]
            if nearest in modules and nearest != module:
                graph[module].add(nearest)
    return graph


def test_every_room_has_a_floor():
    rooms = {room(dotted(path.relative_to(ROOT))) for path in sources()} - {""}
    assert rooms <= set(CORE_HEIGHT) | set(PAGE_HEIGHT)
    assert set(CORE_HEIGHT) <= rooms


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    assert not offences(str(path.relative_to(ROOT)), path.read_text())


def test_nothing_runs_in_a_circle():
    assert not circles(import_graph({str(p.relative_to(ROOT)): p.read_text() for p in sources()}))


# Folders that hold one file for each thing of a kind, all of one shape: they are read as a list, not as a room.
CATALOGUES = ("simssl_core/objectives/generative", "simssl_core/objectives/discriminative", "simssl_core/data/datasets")


def test_no_folder_holds_more_than_can_be_taken_in_at_a_glance():
    folders: dict[str, int] = {}
    for path in [*sources(), *(ROOT / PAGES).rglob("*.js")]:
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            folders[folder] = folders.get(folder, 0) + 1
    most = {folder: 40 if folder in CATALOGUES else 15 for folder in folders}
    assert {folder: count for folder, count in folders.items() if count > most[folder]} == {}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("simssl_core/data/x.py", "import streamlit as st"),
        ("simssl_core/data/x.py", "def f():\n    from streamlit import cache_data"),
        ("simssl_core/models/x.py", "from simssl_core.data import types"),
        ("simssl_core/models/x.py", "from simssl_core.objectives.base import Context"),
        ("simssl_core/models/x.py", "from simssl_core import objectives"),
        ("simssl_core/models/x.py", "from ..objectives import base"),
        ("simssl_core/objectives/generative/x.py", "from ...training import loop"),
        ("simssl_core/evaluation/x.py", "import simssl_core.latent.map_points"),
        ("simssl_core/functional/x.py", "from simssl_core.storage import database"),
        ("simssl_core/storage/x.py", "import pages.shared.layout"),
        ("simssl_core/storage/x.py", "from simssl_core.training.loop import Race"),
        ("pages/shared/x.py", "from pages.tours import bar"),
        ("pages/shared/x.py", "from pages.components.base import packed"),
        ("pages/components/plane/x.py", "from pages.tours import bar"),
        ("pages/train_parts/x.py", "from pages.traverse_parts import panels"),
        ("pages/train_parts/x.py", "import pages.train"),
        ("pages/train.py", "import app"),
        ("pages/train.py", "from simssl_core.cli import train"),
    ],
)
def test_upward_imports_are_found(path, source):
    assert len(offences(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "simssl_core/objectives/generative/x.py",
            "from simssl_core.objectives.base import register\nfrom simssl_core.data.types import Views",
        ),
        ("simssl_core/jobs/x.py", "from simssl_core import training\nfrom . import queue"),
        ("simssl_core/__init__.py", "from simssl_core.encoder import load"),
        ("simssl_core/training/x.py", "import torch, numpy.linalg"),
        (
            "pages/start.py",
            "import streamlit as st\nfrom simssl_core.figures import theme\nfrom pages.shared import layout",
        ),
        ("pages/train.py", "from pages.train_parts import form\nfrom pages.components.live_board import live_board"),
        ("app.py", "from pages.tours import bar"),
    ],
)
def test_downward_imports_are_allowed(path, source):
    assert not offences(path, source)


def test_a_circle_is_found():
    files = {"simssl_core/a.py": "from simssl_core import b", "simssl_core/b.py": "from simssl_core.c import f"}
    assert circles(import_graph({**files, "simssl_core/c.py": "import os"})) == []
    found = circles(import_graph({**files, "simssl_core/c.py": "def f():\n    from simssl_core.a import g"}))
    assert found == [["simssl_core.a", "simssl_core.b", "simssl_core.c"]]
