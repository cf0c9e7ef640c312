"""``lab``: open the web pages, from a checkout or from an installed package."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from typing import Any

from simssl_core.cli import options
from simssl_core.errors import ConfigError, LabError
from simssl_core.runtime.processes import LAB, start_module
from simssl_core.storage import paths

HELP = "open the lab in the browser"
NOTE = """Arguments after -- go to Streamlit, for example:
  {prog} --no-browser -- --theme.base dark

The lab answers on this machine only (127.0.0.1). Ctrl-C ends it; trainings that it started continue.
"""
ADDRESS = "127.0.0.1"
PORT = 8501  # Streamlit's own default
TRIED = 100  # ports that are tried, from PORT upwards
START_SECONDS = 60.0


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lab", help=HELP, description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.epilog = NOTE.format(prog=parser.prog)
    parser.add_argument("--port", type=int, help=f"port to answer on (default: the first free one from {PORT})")
    parser.add_argument("--no-browser", action="store_true", help="print the address only; open no browser")
    options.add_folder(parser)
    parser.add_argument("streamlit", nargs="*", metavar="-- ARGUMENT", help="arguments for Streamlit")
    parser.set_defaults(do=run)


def run(arguments: argparse.Namespace) -> int:
    """Start the server, open the browser once it answers, and wait until the server ends."""
    if any(argument.startswith("--server.port") for argument in arguments.streamlit):
        raise ConfigError("Give the port before the --, as --port NUMBER.")
    if importlib.util.find_spec("streamlit") is None:
        raise LabError(f"The pages need Streamlit, which is not installed for {sys.executable}: pip install streamlit.")
    port = _free_port(arguments.port)
    if arguments.root:
        os.environ["SIMSSL_RUNS"] = str(paths.root(arguments.root))
    print(f"Runs are kept in {paths.root()}. Ctrl-C ends the lab.", flush=True)
    # Streamlit reads .streamlit/config.toml beside its script, whatever the working folder is.
    command = ("run", str(LAB / "app.py"), "--server.port", str(port), *arguments.streamlit)
    with start_module("streamlit", *command, own_session=False) as server:
        if not arguments.no_browser and _has_display():
            threading.Thread(target=_open, args=(server, f"http://{ADDRESS}:{port}"), daemon=True).start()
        return _wait(server)


def _wait(server: subprocess.Popen) -> int:
    """Wait for the server and return its exit code. Ctrl-C and SIGTERM end the server, and then this process."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: server.terminate()) for number in numbers}
    try:
        return max(0, server.wait())  # below 0: the signal that was passed on ended it, as intended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_port(wanted: int | None) -> int:
    """``wanted`` if it is free; without ``wanted`` the first free port from ``PORT`` upwards.

    Raises:
        ConfigError: ``wanted`` is in use or is not a port, or no port is free.
    """
    if wanted is not None and not 1 <= wanted <= 65535:
        raise ConfigError(f"--port must be 1 to 65535, not {wanted}.")
    for port in [wanted] if wanted is not None else range(PORT, PORT + TRIED):
        with socket.socket() as probe:
            if os.name == "posix":  # also a port whose server has just ended; elsewhere the flag has another meaning
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError as error:
                reason = error.strerror or str(error)
            else:
                return port
    if wanted is None:
        raise ConfigError(f"None of the ports {PORT} to {PORT + TRIED - 1} is free; name one with --port.")
    raise ConfigError(f"Port {wanted} cannot be used ({reason}); choose another with --port.")


def _has_display() -> bool:
    """Whether there is a screen to open a browser on; without one a text browser would take over the terminal."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(server: subprocess.Popen, address: str) -> None:
    """Open the browser as soon as the server answers."""
    until = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            webbrowser.open(address)
            return
