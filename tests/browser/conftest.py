"""A real server on a scratch root and a real browser: a test fails on any page error or request to another host."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def pytest_itemcollected(item):
    """Every test of this folder drives a browser."""
    item.add_marker(pytest.mark.browser)


def chromium() -> str:
    """The browser to drive; its absence skips these tests, except in CI, where it is a failure."""
    found = os.environ.get("SIMSSL_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return found
    message = f"no browser: install one of {', '.join(BROWSERS)} or set SIMSSL_CHROMIUM"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Server:
    """A running lab: where it answers, and where its runs lie."""

    url: str
    root: Path
    log: Path


def start_server(root: Path, log: Path) -> tuple[subprocess.Popen, Server]:
    """Start the lab on a free port and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "SIMSSL_RUNS": str(root)}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **quiet}, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).read()
            return process, Server(url, root, log)
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    process.kill()
    pytest.fail(f"the lab did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def runs_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scratch folder of runs that the server of this session looks at."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def server(runs_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The lab, for the whole session; afterwards whatever it started is stopped."""
    process, lab = start_server(runs_root, tmp_path_factory.mktemp("log") / "server.log")
    yield lab
    _end(process)
    _stop_races(runs_root)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The lab over a copy of the runs that come with the project."""
    place = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "checkpoints", place / "runs", ignore=shutil.ignore_patterns(".lab"))
    process, lab = start_server(place / "runs", place / "server.log")
    yield lab
    _end(process)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:  # a busy machine
        process.kill()


def _stop_races(root: Path) -> None:
    from simssl_core.errors import RunError
    from simssl_core.jobs import launcher
    from simssl_core.library import entries

    for race in {entry.race for entry in entries.runs(root) if entry.live}:
        try:
            launcher.stop(race, root)
        except RunError:
            continue  # it ended by itself between the two lines
    until = time.monotonic() + 60
    while any(entry.live for entry in entries.runs(root)) and time.monotonic() < until:
        time.sleep(0.5)


@pytest.fixture
def page(browser, server: Server) -> Iterator[object]:
    """A fresh page, 1440 by 900; at its end there must have been no page error and no request to another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    errors: list[str] = []
    elsewhere: list[str] = []
    home = (server.url, server.url.replace("http", "ws", 1), "data:", "blob:")
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("request", lambda request: request.url.startswith(home) or elsewhere.append(request.url))
    yield opened
    context.close()
    assert not errors, errors
    assert not elsewhere, elsewhere
