"""How much open pages slow a training: part of ``python -m tests.measure_pages`` (``--only tabs,play``).

The browsers stand for other people's machines, so they run at the lowest priority: then the server's work is what slows
the training. Browsers at normal priority on the same cores are measured as well; that figure has no limit, because
drawing five pages takes time there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from tests.measuring import Figure, opened

TABS = 5
LEAST = 19  # the lowest priority


def cpu(pid: int) -> float:
    """CPU seconds used by a process and its living children."""
    family = [psutil.Process(pid)]
    family += family[0].children(recursive=True)
    used = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:2])
    return used


def share(pid: int, seconds: float) -> float:
    """Share of one core that a process uses during ``seconds``."""
    before, started = cpu(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu(pid) - before) / (time.monotonic() - started)


def priority(nice: int) -> None:
    """Set the priority of the whole browser.

    Linux may share the cores between sessions first (autogroup); then the session's own value counts, so both are set.
    """
    for process in browsers():
        with suppress(psutil.Error, OSError):
            process.nice(nice)
            Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))


def wait(check: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``check()`` is true; RuntimeError, naming ``what``, if it takes more than ``seconds``."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


@contextmanager
def training(root: Path, steps: int = 10_000_000):
    """Train two objectives on the sprites in a worker process and yield the race's name; stop it at the end."""
    from simssl_core import presets
    from simssl_core.jobs import launcher

    config = presets.recommended("sprites", ["simvae", "simclr"], name="measured", train={"steps": steps})
    race_name = launcher.launch(config, root)
    try:
        wait(lambda: launcher.status(race_name, root) == "training", 120, "the training starts")
        yield race_name
    finally:
        launcher.stop(race_name, root)
        wait(lambda: launcher.status(race_name, root) not in ("training", "paused"), 60, "the training stops")


def speed(root: Path, race_name: str, seconds: float, meanwhile: Callable[[], None] | None = None) -> float:
    """Steps per second during the next ``seconds``, by the trainer's record; ``meanwhile`` is called twice a second."""
    from simssl_core.storage.database import Store

    store = Store(root, readonly=True)
    try:
        first, started = store.race(race_name).step, time.monotonic()
        while (spent := time.monotonic() - started) < seconds:
            if meanwhile:
                meanwhile()
            time.sleep(min(0.5, seconds - spent))
        return (store.race(race_name).step - first) / (time.monotonic() - started)
    finally:
        store.close()


def browsers() -> list[psutil.Process]:
    """All processes of the browser that this script started."""
    return [process for process in psutil.Process().children(recursive=True) if "chrom" in process.name()]


def loss(
    server, pid: int, race_name: str, pages: list, seconds: float, rounds: int, act=None
) -> tuple[float, float, str]:
    """(per cent of the training's speed that ``pages`` cost, per cent of a core that the server used, a note).

    ``act`` is called on each page meanwhile. The browser is suspended and resumed in turn, so that the machine is
    equally busy in both periods; both figures are medians over the pairs of periods.
    """
    alone, watched, servers = [], [], []
    for _ in range(rounds):
        for process in browsers():
            process.suspend()
        time.sleep(1)
        alone.append(speed(server.root, race_name, seconds))
        for process in browsers():
            process.resume()
        time.sleep(1)
        before, started = cpu(pid), time.monotonic()
        watched.append(speed(server.root, race_name, seconds, partial(each, act, pages) if act else None))
        servers.append((cpu(pid) - before) / (time.monotonic() - started))
    lost = statistics.median(100 * (1 - with_tabs / without) for without, with_tabs in zip(alone, watched, strict=True))
    total = 100 * (1 - sum(watched) / sum(alone))
    note = f"median of {rounds} pairs of {seconds:g} s; {statistics.mean(alone):.1f} steps/s alone, total {total:.1f} %"
    return lost, 100 * statistics.median(servers), note


def each(act: Callable, pages: list) -> None:
    """Call ``act`` on every page."""
    for page in pages:
        act(page)


def play(page) -> None:
    """Start the map's animation, unless it is playing."""
    if page.locator(".map").get_attribute("data-playing") != "true":
        page.get_by_role("button", name="Play", exact=True).click()


def slowing(browser, server, pid: int, only: set[str], crowd: str, seconds: float, rounds: int) -> list[Figure]:
    """The figures of ``tabs`` (five that watch a training) and ``play`` (a user who plays the map at ``crowd``)."""
    from simssl_core.jobs import launcher

    figures = []
    if "tabs" in only:
        page = opened(browser, server.url)
        time.sleep(5)
        figures.append(Figure("open tab on Start, server", 100 * share(pid, seconds), "% of a core", 2.0))
        page.context.close()
    with training(server.root) as race_name:
        time.sleep(20)  # the first layouts compile UMAP
        for part, address, count, act in (
            ("tabs", f"{server.url}/train?race={race_name}", TABS, None),
            ("play", crowd, 1, play),
        ):
            if part not in only:
                continue
            name = f"{TABS} tabs" if part == "tabs" else "a user who plays the map"
            pages = [opened(browser, address) for _ in range(count)]
            time.sleep(5)
            for place, nice, limit in (("elsewhere", LEAST, 10.0), ("on the same cores", 0, None)):
                priority(nice)
                lost, served, note = loss(server, pid, race_name, pages, seconds, rounds, act)
                figures.append(Figure(f"training speed lost to {name} {place}", lost, "%", limit, note))
                if part == "tabs" and limit:
                    figures.append(Figure("tab that watches a training, server", served / TABS, "% of a core", 2.0))
            if part == "tabs":
                launcher.pause(race_name, server.root)
                wait(lambda: launcher.status(race_name, server.root) == "paused", 30, "the training pauses")
                time.sleep(12)  # the last pictures of the training are drawn
                still = 100 * share(pid, 3 * seconds) / TABS
                figures.append(Figure("tab that polls a paused training, server", still, "% of a core", 2.0))
                launcher.resume(race_name, server.root)
                wait(lambda: launcher.status(race_name, server.root) == "training", 30, "the training continues")
            for page in pages:
                page.context.close()
    return figures
