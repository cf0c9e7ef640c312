"""The installed package, used in an empty folder without the checkout: all that ``pip install`` promises."""

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
    """A new environment with the package, a separate home folder, and an empty working folder."""

    def __init__(self, place: Path) -> None:
        self.bin = place / "environment" / "bin"
        self.folder, self.home = place / "empty", place / "home"
        self.runs = self.home / "data" / "simssl" / "runs"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SIMSSL_R", "STREAMLIT_", "PYTHON"))}
        own = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "SIMSSL_MAP": "pca"}
        self.environment = {**inherited, **own}
        for folder in (self.folder, self.home):
            folder.mkdir()

    def start(self, *command: str, **pipes) -> subprocess.Popen:
        """Start a program of the environment in the empty folder."""
        program = str(self.bin / command[0])
        return subprocess.Popen([program, *command[1:]], cwd=self.folder, env=self.environment, text=True, **pipes)

    def run(self, *command: str) -> str:
        """Run a program, check that it succeeded, and return what it printed."""
        with self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            out, error = child.communicate(timeout=120)
        assert child.returncode == 0, out + error
        return out


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it into a new environment that shares the test's packages; nothing is downloaded."""
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
    assert done.returncode == 0, done.stderr  # pip also checks that the packages here satisfy the requirements
    return Installed(place)


def test_the_package_comes_from_the_environment_and_adds_one_name(installed):
    code = "import simssl_core, sys; print(simssl_core.__file__, simssl_core.__version__, 'torch' in sys.modules)"
    file, version, torch = installed.run("python", "-c", code).split()
    assert Path(file).is_relative_to(installed.bin.parent) and torch == "False"
    record = next(installed.bin.parent.rglob("simssl_lab-*.dist-info/RECORD")).read_text()
    tops = {line.split(",")[0].split("/")[0] for line in record.splitlines()}
    assert tops == {"simssl_core", f"simssl_lab-{version}.dist-info", ".."}  # .. is bin/simssl


def test_the_wheel_holds_every_file_of_the_web_side_and_every_shipped_run(installed):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout: nothing says which files belong to it")
    wanted = {name for name in tracked if name.startswith(("app.py", "pages/", ".streamlit/", "checkpoints/demo-"))}
    lab = next(installed.bin.parent.rglob("_lab"))
    files = {path.relative_to(lab).as_posix() for path in lab.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert len(wanted) > 200 and files == wanted


def test_list_train_and_load(installed):
    assert "usage: simssl [-h]" in installed.run("simssl", "--help")
    listing = json.loads(installed.run("simssl", "list", "--json"))
    shipped = {path.parent.name for path in (ROOT / "checkpoints").glob("demo-*/run.json")}
    assert {run["run"] for run in listing["runs"]} == shipped
    assert {run["folder"] for run in listing["runs"]} == {str(installed.runs / name) for name in shipped}
    small = ["--data", "digits", "--objectives", "simvae", "--steps", "20", "--name", "first", "--json"]
    trained = json.loads(installed.run("simssl", "train", *small))["members"]["simvae"]
    assert trained["step"] == 20 and Path(trained["folder"]) == installed.runs / "first-simvae"
    assert not list(installed.folder.iterdir())  # the working folder belongs to the user
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
def test_lab_opens_with_its_own_configuration(installed, end, request):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    server = installed.start("simssl", "lab", "--no-browser", "--", "--theme.base", "dark", **pipes)
    try:
        output, url = read_address(server)
        assert str(installed.runs) in output and url.startswith("http://127.0.0.1:"), output
        deadline = time.monotonic() + 60
        while answer(f"{url}/_stcore/health") is None and time.monotonic() < deadline:
            time.sleep(0.1)
        status, page = answer(url)
        assert status == 200 and b"<script" in page
        assert handshake(url) == 101 and handshake(url, "evil.example") == 403  # allowedHosts is in force
        if end == signal.SIGINT:
            first_page(request.getfixturevalue("browser"), url)
    finally:
        server.send_signal(end)
        rest = server.communicate(timeout=30)[0]
    assert server.returncode == 0 and "Traceback" not in rest, rest


def read_address(server: subprocess.Popen) -> tuple[str, str]:
    """(what the server has printed, its address), read until it prints the address; "" if it ends without one."""
    output = ""
    for line in server.stdout:
        output += line
        match = re.search(r"URL: (http://\S+)", line)
        if match:
            return output, match[1]
    return output, ""


def answer(url: str) -> tuple[int, bytes] | None:
    """Status and body of the answer; None if no server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read()
    except OSError:
        return None


def handshake(url: str, host: str = "127.0.0.1") -> int:
    """The status of the server's answer when a page of ``host`` opens a WebSocket."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    socket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = socket | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": host, "Origin": f"http://{host}"}
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def first_page(browser, url: str) -> None:
    """Start shows the cards of the shipped runs, and a map is drawn (skipped without a browser, except in CI)."""
    from tests.browser.driving import ink, settled, until

    page = browser.new_page()
    page.goto(url)
    page.get_by_text("demo-sprites").first.wait_for(timeout=60_000)
    page.goto(f"{url}/latent_map?runs=demo-digits-simvae")
    settled(page)
    until(lambda: page.locator("canvas").count() and ink(page, "canvas") > 1_000, 30, "the map is drawn")
    page.close()
