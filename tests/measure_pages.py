"""How quick the pages are, measured with a real server and a real browser: ``python -m tests.measure_pages [--json]``.

First paint of Start, what it takes to run each page again, how quickly map, sliders and menu answer (the module
measure_interactions), what an open tab costs the server, and what five tabs cost a training. The lab is shown a scratch
copy of the shipped runs. Takes eight minutes; nothing else should run meanwhile.
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
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.conftest import FLAGS, chromium, start_server
from tests.measure_interactions import interactions
from tests.measuring import Figure, opened

ROOT = Path(__file__).parents[1]
PAGES = ("", "train", "latent_map", "traverse", "compare", "theory", "runs")
TABS = 5
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


def cpu(pid: int) -> float:
    """CPU seconds of a process and its living children."""
    import psutil

    family = [psutil.Process(pid)]
    family += family[0].children(recursive=True)
    used = 0.0
    for process in family:
        try:
            used += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return used


def share(pid: int, seconds: float) -> float:
    """Share of one core that a process used over ``seconds``."""
    before, started = cpu(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu(pid) - before) / (time.monotonic() - started)


def give_way() -> None:
    """Let the browser run only where nobody else wants to: its tabs stand for other people's machines."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name():
            process.nice(19)


def wait(check: Callable[[], bool], seconds: float, what: str) -> None:
    """Until ``check()``; RuntimeError if it takes longer."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


@contextmanager
def training(root: Path, steps: int = 10_000_000):
    """A real race of two objectives on the sprites in a worker of its own; stopped at the end."""
    from simssl_core import presets
    from simssl_core.runs import launcher

    config = presets.recommended("sprites", ["simvae", "simclr"], name="measured", train={"steps": steps})
    race = launcher.launch(config, root)
    try:
        wait(lambda: launcher.status(race, root) == "training", 120, "the training starts")
        yield race
    finally:
        launcher.stop(race, root)
        wait(lambda: launcher.status(race, root) not in ("training", "paused"), 60, "the training stops")


def speed(root: Path, race: str, seconds: float) -> float:
    """Steps a second over the next ``seconds``, by the trainer's own record."""
    from simssl_core.runs.store import Store

    store = Store(root, readonly=True)
    try:
        first, started = store.race(race).step, time.monotonic()
        time.sleep(seconds)
        return (store.race(race).step - first) / (time.monotonic() - started)
    finally:
        store.close()


def paints_and_reruns(browser, url: str) -> list[Figure]:
    """Start cold and warm, then every page once more."""
    found = [Figure("first paint of Start, cold server", paint(browser, url), "s")]
    time.sleep(15)  # what the server loads behind the first page
    warm = statistics.median(paint(browser, url) for _ in range(5))
    found.append(Figure("first paint of Start, warm", warm, "s", 3.0, "median of 5, no browser cache"))
    for name in PAGES:
        page = opened(browser, f"{url}/{name}")
        rerun(page)
        taken = statistics.median(rerun(page) for _ in range(7))
        found.append(Figure(f"rerun of {name or 'start'}", taken, "ms", 100.0, "request to last answer, median of 7"))
        page.context.close()
    return found


def tabs(browser, server, pid: int, seconds: float, rounds: int) -> list[Figure]:
    """Server's CPU for each tab, at rest and beside a training, and the training's speed without and with five tabs."""
    from simssl_core.runs import launcher

    page = opened(browser, server.url)
    found = [Figure("open tab on Start, server", 100 * share(pid, seconds), "% of a core", 2.0)]
    page.context.close()
    give_way()
    with training(server.root) as race:
        address = f"{server.url}/train?race={race}"
        alone, watched, servers = [], [], []
        for _ in range(rounds):
            time.sleep(3)
            alone.append(speed(server.root, race, seconds))
            pages = [opened(browser, address) for _ in range(TABS)]
            time.sleep(5)
            before, started = cpu(pid), time.monotonic()
            watched.append(speed(server.root, race, seconds))
            servers.append((cpu(pid) - before) / (time.monotonic() - started) / TABS)
            for page in pages:
                page.context.close()
        lost = statistics.median(100 * (1 - b / a) for a, b in zip(alone, watched, strict=True))
        note = f"steps/s {[round(v, 1) for v in alone]} alone, {[round(v, 1) for v in watched]} watched"
        found.append(Figure(f"training speed lost to {TABS} tabs of others", lost, "%", 10.0, note))
        live = 100 * statistics.median(servers)
        found.append(Figure("tab that watches a training, server", live, "% of a core", 2.0, "polls once a second"))
        launcher.pause(race, server.root)
        wait(lambda: launcher.status(race, server.root) == "paused", 30, "the training pauses")
        pages = [opened(browser, address) for _ in range(TABS)]
        time.sleep(5)
        still = 100 * share(pid, seconds) / TABS
        found.append(Figure("tab that polls a paused training, server", still, "% of a core", 2.0))
        for page in pages:
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
            if "tabs" in only:
                found += tabs(browser, server, process.pid, seconds, rounds)
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
    parser.add_argument("--only", default="pages,map,traverse,switch,tabs", help="pages, map, traverse, switch, tabs")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each measured stretch")
    parser.add_argument("--rounds", type=int, default=3, help="times that the training is timed without and with tabs")
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
