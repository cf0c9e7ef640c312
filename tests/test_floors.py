"""The house stands: a file imports only from floors below its own, and the core knows nothing of the web."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = "simssl_core"
FLOORS = {
    "errors": -1,  # the ground: config raises them
    "config": 0,
    "functional": 0,
    "models": 1,
    "data": 1,
    "objectives": 2,
    "training": 3,
    "evaluation": 3,
    "latent": 3,
    "presets": 3,
    "runs": 4,
    "study": 4,
    "figures": 5,
    "bench": 5,
    "cli": 6,  # beside the pages: the same verbs from a shell, bench and figures among them
    "__main__": 7,
}
PAGES = 6


def room(module: str) -> str:
    """The room a dotted module stands in: ``simssl_core.data.views`` → ``data``; the pages → ``pages``."""
    parts = module.split(".")
    if parts[0] in ("app", "pages"):
        return "pages"
    return parts[1] if len(parts) > 1 else ""


def floor(name: str) -> int:
    return PAGES if name == "pages" else FLOORS[name]


def modules(source: str, package: str) -> list[tuple[int, str]]:
    """(line, dotted module) of every import in ``source``, also those inside functions; relative ones made absolute."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            whole = base in (CORE, "pages")  # from simssl_core import runs: the names are rooms
            found += [(node.lineno, f"{base}.{a.name}" if whole else base) for a in node.names]
    return found


def offences(path: str, source: str) -> list[str]:
    """What ``source``, standing at ``path`` (relative to the project), imports although it must not."""
    parts = Path(path).with_suffix("").parts
    here = "pages" if parts[0] in ("app", "pages") else (parts[1] if len(parts) > 2 or parts[1] != "__init__" else "")
    package = ".".join(parts[:-1])
    bad = []
    for line, module in modules(source, package):
        top = module.split(".")[0]
        if parts[0] == CORE and top == "streamlit":
            bad.append(f"{path}:{line}: the core imports streamlit")
        if top not in (CORE, "app", "pages") or here == "":
            continue
        there = room(module)
        if parts[0] == CORE and there == "pages":
            bad.append(f"{path}:{line}: the core imports the pages")
        elif there != here and there in FLOORS and floor(there) >= floor(here):
            bad.append(f"{path}:{line}: floor {floor(here)} ({here}) imports floor {floor(there)} ({there})")
    return bad


def sources() -> list[Path]:
    return sorted([*(ROOT / CORE).rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *ROOT.glob("app.py")])


def test_every_room_has_a_floor():
    rooms = {p.relative_to(ROOT / CORE).parts[0].removesuffix(".py") for p in (ROOT / CORE).rglob("*.py")}
    assert rooms - {"__init__"} <= set(FLOORS)


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path):
    assert not offences(str(path.relative_to(ROOT)), path.read_text())


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("simssl_core/data/x.py", "import streamlit as st"),
        ("simssl_core/data/x.py", "def f():\n    from streamlit import cache_data"),
        ("simssl_core/models/x.py", "from simssl_core.data import views"),
        ("simssl_core/models/x.py", "from simssl_core.objectives.base import Context"),
        ("simssl_core/models/x.py", "from simssl_core import objectives"),
        ("simssl_core/models/x.py", "from ..objectives import base"),
        ("simssl_core/evaluation/x.py", "import simssl_core.latent.points"),
        ("simssl_core/functional/x.py", "from simssl_core.runs import store"),
        ("simssl_core/runs/x.py", "import pages.parts"),
    ],
)
def test_upward_imports_are_found(path, source):
    assert len(offences(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "simssl_core/objectives/x.py",
            "from simssl_core.objectives.base import register\nfrom simssl_core.data.views import Views",
        ),
        ("simssl_core/runs/x.py", "from simssl_core import training\nfrom . import store"),
        ("simssl_core/__init__.py", "from simssl_core.training import checkpoints"),
        (
            "pages/start.py",
            "import streamlit as st\nfrom simssl_core.figures import theme\nfrom pages.parts import header",
        ),
        ("simssl_core/training/x.py", "import torch, numpy.linalg"),
    ],
)
def test_downward_imports_are_allowed(path, source):
    assert not offences(path, source)
