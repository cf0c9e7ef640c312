"""The documents are correct: commands, flags and files exist, variables are listed, examples run."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from simssl_core.cli import COMMANDS, parser

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md",
        "simssl_core/README.md",
        ".github/CONTRIBUTING.md",
        ".readme/studies.md",
    )
}
STARTED = re.compile(r"(?:python -m simssl_core|simssl) ([a-z][^`\n]*)")
VARIABLE = re.compile(r"\bSIMSSL_[A-Z]+\b")
NAMED = re.compile(r"`((?:\.?[\w-]+/)*\.?[\w-]+\.(?:py|md|toml|txt|yaml|js|json))`|`((?:\.?[\w-]+/)+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
ELSEWHERE = {"cifar10/", "coil20/", "checkpoints/"}  # folders that the user has


def commands() -> list[tuple[str, str]]:
    """(document, arguments) of every command line, without a comment at the end of the line."""
    return [
        (name, line.partition("  #")[0].strip()) for name, text in DOCUMENTS.items() for line in STARTED.findall(text)
    ]


def verbs() -> dict[str, argparse.ArgumentParser]:
    return next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


def test_the_documents_hold_commands():
    assert len(commands()) > 20 and len(COMMANDS) == len(verbs())
    assert {line.split()[0] for name, line in commands() if name == "README.md"} == set(verbs())


@pytest.mark.parametrize(("document", "line"), commands())
def test_a_command_is_understood(document, line):
    """A whole command line must parse; a verb alone, mentioned in a sentence, must exist."""
    arguments = shlex.split(line)
    assert arguments[0] in verbs(), f"{document}: no command {arguments[0]}"
    if len(arguments) > 1:
        parser().parse_args(arguments)


def test_every_flag_in_the_documents_exists():
    flags = {flag for verb in verbs().values() for action in verb._actions for flag in action.option_strings}
    flags |= {"--no-deps"}  # pip's
    for name, text in DOCUMENTS.items():
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= flags, name


def test_every_option_has_a_help_text():
    for name, verb in verbs().items():
        for action in verb._actions:
            assert action.help and len(action.help) > 8, (name, action.dest)


def test_the_variables_that_are_read_are_those_that_are_listed():
    sources = [*ROOT.glob("*.py"), *(ROOT / "simssl_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    sources += [ROOT / "tests" / "browser" / "conftest.py"]
    read = {name for path in sources for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    listed = re.findall(r"^\| `(SIMSSL_[A-Z]+)` \|", DOCUMENTS["README.md"], flags=re.M)
    assert sorted(listed) == sorted(read)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_and_modules_that_are_named_exist(document):
    text, here = DOCUMENTS[document], (ROOT / document).parent
    named = {a or b for a, b in NAMED.findall(text)} - ELSEWHERE
    bases = (ROOT, ROOT / "simssl_core", ROOT / "simssl_core" / "objectives", here)
    missing = [name for name in named if not any((base / name).exists() for base in bases)]
    missing += [link for link in LINK.findall(text) if not (here / link).exists()]
    assert not missing


def test_the_picture_of_the_house_names_every_room_and_no_other():
    picture = DOCUMENTS["simssl_core/README.md"].split("```")[1]
    folders = {p.parent.name for p in (ROOT / "simssl_core").glob("*/__init__.py")}
    assert folders == set(re.findall(r"\b([a-z]+)/", picture)) - {"generative", "discriminative", "reference", "pages"}
    files = {p.stem for p in (ROOT / "simssl_core").glob("*.py")} - {"__init__", "__main__"}
    assert all(re.search(rf"\b{name}\b", picture) for name in files)


def test_the_snippet_runs(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENTS["README.md"], flags=re.S)
    monkeypatch.chdir(ROOT)
    namespace = {"images": np.zeros((2, 3, 32, 32), np.uint8)}
    exec(code, namespace)
    assert namespace["z"].shape == (2, namespace["encoder"].width)
