"""What a training loses to those who look at it: part of ``python -m tests.measure_pages`` (``--only tabs,play``).

The browsers stand for other people's machines, so they get only the time that nobody else wants; what is measured is
what the lab itself takes: the server's answers. Browsers on the very same cores, at the same priority, are measured as
well and have no limit: there the drawing of five pages takes its share.
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
LEAST = 19  # the lowest priority there is


def cpu(pid: int) -> float:
    """CPU seconds of a process and its living children."""
    family = [psutil.Process(pid)]
    family += family[0].children(recursive=True)
    used = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:2])
    return used


def share(pid: int, seconds: float) -> float:
    """Share of one core that a process used over ``seconds``."""
    before, started = cpu(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu(pid) - before) / (time.monotonic() - started)


def priority(nice: int) -> None:
    """Of the whole browser. Linux may share its cores by session first: then a session's own value is what counts."""
    for process in browsers():
        with suppress(psutil.Error, OSError):
            process.nice(nice)
            Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))


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
    from simssl_core.jobs import launcher

    config = presets.recommended("sprites", ["simvae", "simclr"], name="measured", train={"steps": steps})
    race = launcher.launch(config, root)
    try:
        wait(lambda: launcher.status(race, root) == "training", 120, "the training starts")
        yield race
    finally:
        launcher.stop(race, root)
        wait(lambda: launcher.status(race, root) not in ("training", "paused"), 60, "the training stops")


def speed(root: Path, race: str, seconds: float, meanwhile: Callable[[], None] | None = None) -> float:
    """Steps a second over the next ``seconds``, by the trainer's own record; ``meanwhile`` is done twice a second."""
    from simssl_core.storage.database import Store

    store = Store(root, readonly=True)
    try:
        first, started = store.race(race).step, time.monotonic()
        while (spent := time.monotonic() - started) < seconds:
            if meanwhile:
                meanwhile()
            time.sleep(min(0.5, seconds - spent))
        return (store.race(race).step - first) / (time.monotonic() - started)
    finally:
        store.close()


def browsers() -> list[psutil.Process]:
    """All processes of the browser that this script started."""
    return [process for process in psutil.Process().children(recursive=True) if "chrom" in process.name()]


def loss(server, pid: int, race: str, pages: list, seconds: float, rounds: int, act=None) -> tuple[float, float, str]:
    """Per cent of the training's speed that ``pages`` cost while ``act`` is done to each; the server's share of a core.

    The browser is frozen and thawed by turns, so that both stretches see the same mood of the machine; the median of
    the pairs counts.
    """
    alone, watched, servers = [], [], []
    for _ in range(rounds):
        for process in browsers():
            process.suspend()
        time.sleep(1)
        alone.append(speed(server.root, race, seconds))
        for process in browsers():
            process.resume()
        time.sleep(1)
        before, started = cpu(pid), time.monotonic()
        watched.append(speed(server.root, race, seconds, partial(each, act, pages) if act else None))
        servers.append((cpu(pid) - before) / (time.monotonic() - started))
    lost = statistics.median(100 * (1 - b / a) for a, b in zip(alone, watched, strict=True))
    total = 100 * (1 - sum(watched) / sum(alone))
    note = f"median of {rounds} pairs of {seconds:g} s; {statistics.mean(alone):.1f} steps/s alone, total {total:.1f} %"
    return lost, 100 * statistics.median(servers), note


def each(act: Callable, pages: list) -> None:
    """Do it to every page."""
    for page in pages:
        act(page)


def play(page) -> None:
    """Let the map play, again if it has come to its end."""
    if page.locator(".map").get_attribute("data-playing") != "true":
        page.get_by_role("button", name="Play", exact=True).click()


def slowing(browser, server, pid: int, only: set[str], crowd: str, seconds: float, rounds: int) -> list[Figure]:
    """What is asked for of: tabs (five of them that watch), play (a person who plays the map at ``crowd``)."""
    from simssl_core.jobs import launcher

    found = []
    if "tabs" in only:
        page = opened(browser, server.url)
        time.sleep(5)
        found.append(Figure("open tab on Start, server", 100 * share(pid, seconds), "% of a core", 2.0))
        page.context.close()
    with training(server.root) as race:
        time.sleep(20)  # the first layouts compile UMAP
        for part, address, count, act in (
            ("tabs", f"{server.url}/train?race={race}", TABS, None),
            ("play", crowd, 1, play),
        ):
            if part not in only:
                continue
            name = f"{TABS} tabs" if part == "tabs" else "one who plays the map"
            pages = [opened(browser, address) for _ in range(count)]
            time.sleep(5)
            for place, nice, limit in (("elsewhere", LEAST, 10.0), ("on the same cores", 0, None)):
                priority(nice)
                lost, served, note = loss(server, pid, race, pages, seconds, rounds, act)
                found.append(Figure(f"training speed lost to {name} {place}", lost, "%", limit, note))
                if part == "tabs" and limit:
                    found.append(Figure("tab that watches a training, server", served / TABS, "% of a core", 2.0))
            if part == "tabs":
                launcher.pause(race, server.root)
                wait(lambda: launcher.status(race, server.root) == "paused", 30, "the training pauses")
                time.sleep(12)  # its last glimpses are drawn
                still = 100 * share(pid, 3 * seconds) / TABS
                found.append(Figure("tab that polls a paused training, server", still, "% of a core", 2.0))
                launcher.resume(race, server.root)
                wait(lambda: launcher.status(race, server.root) == "training", 30, "the training goes on")
            for page in pages:
                page.context.close()
    return found
