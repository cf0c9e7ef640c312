"""The linter, the formatters and the type checker are clean: checked here, by the one test command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
JAVASCRIPT = sorted((ROOT / "pages" / "components").rglob("*.js"))
TOOLS = ROOT / "tests" / "javascript"  # the formatter of the JavaScript: which one, and its exact version


@pytest.mark.parametrize("check", [("check",), ("format", "--check")], ids=["lint", "format"])
def test_ruff_is_clean(check):
    done = subprocess.run([sys.executable, "-m", "ruff", *check, "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def prettier() -> list[str]:
    """The command of the pinned prettier, installed at the first use; skips without Node, except in CI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        message = "no Node: install Node.js with npm to check the format of the JavaScript"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    wanted = json.loads((TOOLS / "package.json").read_text())["devDependencies"]["prettier"]
    package = TOOLS / "node_modules" / "prettier" / "package.json"
    if not package.exists() or json.loads(package.read_text())["version"] != wanted:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
    return [node, str(package.parent / "bin" / "prettier.cjs")]


def test_prettier_is_clean_and_sees_what_is_not(tmp_path):
    command = [*prettier(), "--check"]
    done = subprocess.run([*command, *map(str, JAVASCRIPT)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nMend it: (cd tests/javascript && npm run format)"
    (tmp_path / "ugly.js").write_text("const a = 1, b = 2; if (a) b\n")
    assert subprocess.run([*command, str(tmp_path / "ugly.js")], capture_output=True).returncode == 1


def test_no_line_of_javascript_is_too_long():
    lines = [(path.name, number, line) for path in JAVASCRIPT for number, line in enumerate(path.open(), 1)]
    assert not [place for *place, line in lines if len(line.rstrip("\n")) >= 120]


def test_types_hold():
    """mypy over the rooms that pyproject.toml names."""
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
