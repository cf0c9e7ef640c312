"""Measure the speed of the pages with a real server and browser: ``python -m tests.measure_pages [--json]``.

It measures the first paint of Start, the rerun of each page, how quickly map, sliders and menu respond (module
measure_interactions), what an open tab costs the server, and how much five tabs or a user who plays the map slow a
training (module measure_training). The lab runs on a temporary copy of the shipped runs. Nothing else should run at the
same time. pytest does not collect this module, because times are no reason to fail on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app import PAGES, START
from tests.browser.conftest import FLAGS, chromium, start_server
from tests.measure_interactions import crowded, interactions
from tests.measure_training import slowing
from tests.measuring import Figure, opened

ROOT = Path(__file__).parents[1]
PARTS = "pages,map,traverse,switch,tabs,play"
QUIET = 0.4  # seconds without a message from the server after which a rerun is over


def paint(browser, url: str) -> float:
    """Seconds from the request until the page is complete."""
    started = time.perf_counter()
    page = opened(browser, url)
    taken = time.perf_counter() - started
    page.context.close()
    return taken


def rerun(page) -> float:
    """Milliseconds from the page's request for a rerun to the last message of the answer."""
    page.evaluate("window.frames_seen = []")
    page.keyboard.press("r")
    page.wait_for_function("window.frames_seen.some(([direction]) => direction === 'out')")
    silent = f"performance.now() - window.frames_seen.at(-1)[1] > {1000 * QUIET}"
    page.wait_for_function(f"window.frames_seen.some(([direction]) => direction === 'in') && {silent}", polling=50)
    messages = page.evaluate("window.frames_seen")
    received = [time for direction, time in messages if direction == "in"]
    sent = [time for direction, time in messages if direction == "out"]
    return max(received) - min(sent)


def paints_and_reruns(browser, url: str) -> list[Figure]:
    """The first paint of Start, cold and warm, and the rerun of every page."""
    figures = [Figure("first paint of Start, cold server", paint(browser, url), "s")]
    time.sleep(15)  # the server loads more in the background after the first page
    warm = statistics.median(paint(browser, url) for _ in range(5))
    figures.append(Figure("first paint of Start, warm", warm, "s", 3.0, "median of 5, no browser cache"))
    for name in ("" if page.name == START else page.name for page in PAGES):
        page = opened(browser, f"{url}/{name}")
        rerun(page)
        taken = statistics.median(rerun(page) for _ in range(7))
        figures.append(Figure(f"rerun of {name or 'start'}", taken, "ms", 100.0, "request to last answer, median of 7"))
        page.context.close()
    return figures


def measure(root: Path, log: Path, only: set[str], seconds: float, rounds: int, repeats: int) -> list[Figure]:
    """The figures of the parts in ``only``, with one server and one browser."""
    from playwright.sync_api import sync_playwright

    process, server = start_server(root, log)
    figures: list[Figure] = []
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
            if "pages" in only:
                figures += paints_and_reruns(browser, server.url)
            figures += interactions(browser, server.url, root, only, repeats)
            if only & {"tabs", "play"}:
                figures += slowing(browser, server, process.pid, only, crowded(server.url, root), seconds, rounds)
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    return figures


def shipped_runs(root: Path) -> int:
    """Copy the shipped runs into ``root``; returns their number."""
    root.mkdir(parents=True, exist_ok=True)
    runs = [folder for folder in (ROOT / "checkpoints").glob("demo-*") if folder.is_dir()]
    for folder in runs:
        shutil.copytree(folder, root / folder.name)
    return len(runs)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a table or JSON; returns 1 if a figure misses its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.measure_pages", description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--only", default=PARTS, help=f"parts to measure, comma-separated (default: {PARTS})")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measured period")
    parser.add_argument("--rounds", type=int, default=10, help="how often the training is timed without and with tabs")
    parser.add_argument("--repeats", type=int, default=20, help="how often each interaction is timed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="simssl-pages-") as scratch:
        root = Path(scratch) / "runs"
        count = shipped_runs(root)
        only = {part.strip() for part in options.only.split(",")}
        figures = measure(root, Path(scratch) / "server.log", only, options.seconds, options.rounds, options.repeats)
    load = os.getloadavg()[0]
    if options.json:
        result: dict[str, Any] = {"runs": count, "load": load, "figures": [vars(figure) for figure in figures]}
        print(json.dumps(result, indent=2))
    else:
        print(f"{count} shipped runs; load {load:.1f} at the end", *(figure.line for figure in figures), sep="\n")
    return int(not all(figure.good for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
