"""The installed package in an empty folder: every promise of ``pip install``, without the checkout."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]


class Installed:
    """A fresh environment that holds the package, a home of its own, and an empty folder to work in."""

    def __init__(self, place: Path) -> None:
        self.bin = place / "environment" / "bin"
        self.folder, self.home = place / "empty", place / "home"
        self.runs = self.home / "data" / "simssl" / "runs"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SIMSSL_R", "STREAMLIT_", "PYTHON"))}
        home = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "SIMSSL_MAP": "pca"}
        self.environment = {**inherited, **home}
        for made in (self.folder, self.home):
            made.mkdir()

    def start(self, *command: str, **pipes) -> subprocess.Popen:
        """Start a program of the environment in the empty folder."""
        first = str(self.bin / command[0])
        return subprocess.Popen([first, *command[1:]], cwd=self.folder, env=self.environment, text=True, **pipes)

    def run(self, *command: str) -> str:
        """What the program printed; it must have ended well."""
        with self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            out, error = child.communicate(timeout=120)
        assert child.returncode == 0, out + error
        return out


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it beside, not into, the packages that run this test; nothing is downloaded."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(place), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = place.glob("*.whl")
    environment = place / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=60)
    own = {"base": str(environment), "platbase": str(environment)}
    Path(sysconfig.get_path("purelib", vars=own), "beside.pth").write_text(sysconfig.get_path("purelib"))
    install = [*pip, "--python", str(environment), "install", "-q", "--no-index", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr  # also: what is installed here satisfies the package's requirements
    return Installed(place)


def test_the_package_comes_from_the_environment_and_adds_one_name(installed):
    where = "import simssl_core, sys; print(simssl_core.__file__, simssl_core.__version__, 'torch' in sys.modules)"
    file, version, torch = installed.run("python", "-c", where).split()
    assert Path(file).is_relative_to(installed.bin.parent) and torch == "False"
    record = next(installed.bin.parent.rglob("simssl_lab-*.dist-info/RECORD")).read_text()
    tops = {line.split(",")[0].split("/")[0] for line in record.splitlines()}
    assert tops == {"simssl_core", f"simssl_lab-{version}.dist-info", ".."}  # .. is bin/simssl


def test_the_wheel_holds_every_file_of_the_web_side_and_every_shipped_run(installed):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout: nothing says which files belong to it")
    wanted = {name for name in tracked if name.startswith(("app.py", "pages/", ".streamlit/", "checkpoints/demo-"))}
    inside = next(installed.bin.parent.rglob("_lab"))
    there = {p.relative_to(inside).as_posix() for p in inside.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert len(wanted) > 200 and there == wanted


def test_list_train_and_load(installed):
    assert "usage: simssl [-h]" in installed.run("simssl", "--help")
    found = json.loads(installed.run("simssl", "list", "--json"))
    shipped = {path.parent.name for path in (ROOT / "checkpoints").glob("demo-*/run.json")}
    assert {run["run"] for run in found["runs"]} == shipped
    assert {run["folder"] for run in found["runs"]} == {str(installed.runs / name) for name in shipped}
    small = ["--data", "digits", "--objectives", "simvae", "--steps", "20", "--name", "first", "--json"]
    trained = json.loads(installed.run("simssl", "train", *small))["members"]["simvae"]
    assert trained["step"] == 20 and Path(trained["folder"]) == installed.runs / "first-simvae"
    assert not list(installed.folder.iterdir())  # the working folder is the user's
    load = f"""
import numpy
import simssl_core as lab
from simssl_core.library.archive import snippet
images = numpy.zeros((3, 8, 8), numpy.uint8)
assert lab.load({trained["folder"]!r})(images).shape == (3, lab.load({trained["folder"]!r}).width)
exec(snippet("demo-digits-simvae"))
print(z.shape[0])
"""
    assert installed.run("python", "-c", load).strip() == "3"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_lab_opens_with_its_own_configuration(installed, end):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    server = installed.start("simssl", "lab", "--no-browser", "--", "--theme.base", "dark", **pipes)
    try:
        text = ""
        while (line := server.stdout.readline()) and not (
            match := re.search(r"URL: (http://\S+)", text := text + line)
        ):
            pass
        assert str(installed.runs) in text and line, text
        until = time.monotonic() + 60
        while answer(f"{match[1]}/_stcore/health") is None and time.monotonic() < until:
            time.sleep(0.1)
        status, page = answer(match[1])
        assert status == 200 and b"<script" in page and match[1].startswith("http://127.0.0.1:")
        assert handshake(match[1]) == 101 and handshake(match[1], "evil.example") == 403  # allowedHosts holds
        if end == signal.SIGINT:
            first_page(match[1])
    finally:
        server.send_signal(end)
        rest = server.communicate(timeout=30)[0]
    assert server.returncode == 0 and "Traceback" not in rest, rest


def answer(url: str) -> tuple[int, bytes] | None:
    """Status and body; None where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read()
    except OSError:
        return None


def handshake(url: str, host: str = "127.0.0.1") -> int:
    """The status with which the server answers a page of ``host`` that opens a WebSocket."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    socket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = socket | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": host, "Origin": f"http://{host}"}
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def first_page(url: str) -> None:
    """Where there is a browser: Start stands with the shipped runs' cards, and a map is drawn."""
    api = pytest.importorskip("playwright.sync_api")
    from tests.browser.conftest import FLAGS, chromium
    from tests.browser.driving import ink, settled, until

    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("demo-sprites").first.wait_for(timeout=60_000)
        page.goto(f"{url}/latent_map?runs=demo-digits-simvae")
        settled(page)
        until(lambda: page.locator("canvas").count() and ink(page, "canvas") > 1_000, 30, "the map is drawn")
        browser.close()
