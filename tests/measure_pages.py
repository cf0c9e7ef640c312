"""How quick the pages are, measured with a real server and a real browser: ``python -m tests.measure_pages [--json]``.

First paint of Start, what it takes to run each page again, how quickly map, sliders and menu answer (the module
measure_interactions), what an open tab costs the server, and what five tabs and a person who plays cost a training (the
module measure_training). The lab is shown a scratch copy of the shipped runs. Nothing else should run meanwhile.
Not collected by pytest: times are no pass or fail on a machine that others use.
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
QUIET = 0.4  # seconds without a message from the server: a rerun is over


def paint(browser, url: str) -> float:
    """Seconds from the request until the page stands finished."""
    started = time.perf_counter()
    page = opened(browser, url)
    taken = time.perf_counter() - started
    page.context.close()
    return taken


def rerun(page) -> float:
    """Milliseconds between the page's request to run again and the last message of the answer."""
    page.evaluate("window.frames_seen = []")
    page.keyboard.press("r")
    page.wait_for_function("window.frames_seen.some(([way]) => way === 'out')")
    silent = f"performance.now() - window.frames_seen.at(-1)[1] > {1000 * QUIET}"
    page.wait_for_function(f"window.frames_seen.some(([way]) => way === 'in') && {silent}", polling=50)
    seen = page.evaluate("window.frames_seen")
    return max(at for way, at in seen if way == "in") - min(at for way, at in seen if way == "out")


def paints_and_reruns(browser, url: str) -> list[Figure]:
    """Start cold and warm, then every page once more."""
    found = [Figure("first paint of Start, cold server", paint(browser, url), "s")]
    time.sleep(15)  # what the server loads behind the first page
    warm = statistics.median(paint(browser, url) for _ in range(5))
    found.append(Figure("first paint of Start, warm", warm, "s", 3.0, "median of 5, no browser cache"))
    for name in ("" if page.name == START else page.name for page in PAGES):
        page = opened(browser, f"{url}/{name}")
        rerun(page)
        taken = statistics.median(rerun(page) for _ in range(7))
        found.append(Figure(f"rerun of {name or 'start'}", taken, "ms", 100.0, "request to last answer, median of 7"))
        page.context.close()
    return found


def measure(root: Path, log: Path, only: set[str], seconds: float, rounds: int, repeats: int) -> list[Figure]:
    """All that is asked for, in one server and one browser."""
    from playwright.sync_api import sync_playwright

    process, server = start_server(root, log)
    found: list[Figure] = []
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
            if "pages" in only:
                found += paints_and_reruns(browser, server.url)
            found += interactions(browser, server.url, root, only, repeats)
            if only & {"tabs", "play"}:
                found += slowing(browser, server, process.pid, only, crowded(server.url, root), seconds, rounds)
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    return found


def shipped_runs(root: Path) -> int:
    """Copy the runs that come with the project into ``root``; their number."""
    root.mkdir(parents=True, exist_ok=True)
    runs = [folder for folder in (ROOT / "checkpoints").glob("demo-*") if folder.is_dir()]
    for folder in runs:
        shutil.copytree(folder, root / folder.name)
    return len(runs)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a table or JSON; 1 if a limit is passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.measure_pages", description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--only", default=PARTS, help=f"of {PARTS}")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measured stretch")
    parser.add_argument("--rounds", type=int, default=10, help="times that the training is timed without and with tabs")
    parser.add_argument("--repeats", type=int, default=20, help="how often each interaction is timed")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="simssl-pages-") as scratch:
        root = Path(scratch) / "runs"
        shown = shipped_runs(root)
        only = {part.strip() for part in chosen.only.split(",")}
        found = measure(root, Path(scratch) / "server.log", only, chosen.seconds, chosen.rounds, chosen.repeats)
    load = os.getloadavg()[0]
    if chosen.json:
        result: dict[str, Any] = {"runs": shown, "load": load, "figures": [vars(figure) for figure in found]}
        print(json.dumps(result, indent=2))
    else:
        print(f"{shown} shipped runs; load {load:.1f} at the end", *(figure.line for figure in found), sep="\n")
    return int(not all(figure.good for figure in found))


if __name__ == "__main__":
    sys.exit(main())
