"""How quickly the lab responds to drags, lassos, colours and the menu, by the page's clock. Part of measure_pages."""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path

from app import PAGES, START
from tests.browser.driving import SETTLED
from tests.measuring import Figure, opened
from tests.small_runs import small_runs

CROWD = 5_000
WINDOW = 0.3  # length in seconds of the periods of playing in which frames are counted
MENU = {page.title: page.name for page in PAGES if page.name not in (START, "train")}
# Records when the pointer was last clicked or released, anywhere on the page.
HAND = """() => { for (const kind of ["pointerup", "click"])
  document.addEventListener(kind, () => { window.hand = performance.now(); }, true); }"""
# Resolves to the milliseconds from then to the first frame in which `check` holds; `root` is the component's element.
WATCH = """([root, check]) => { window.hand = null; const holds = new Function("root", `return ${check}`);
  window.waited = new Promise((done) => { const look = () => {
    if (window.hand !== null && holds(root)) requestAnimationFrame(() => done(performance.now() - window.hand));
    else requestAnimationFrame(look); }; look(); }); }"""
SAYS = "[...document.querySelectorAll('[data-testid=stMarkdown]')].some((e) => e.textContent.includes('%s'))"


def interactions(browser, url: str, root: Path, only: set[str], repeats: int) -> list[Figure]:
    """The figures of those of traverse, map and switch that are in ``only``."""
    figures = []
    if "traverse" in only:
        figures.append(drag(browser, url, repeats))
    if "map" in only:
        figures += on_the_map(browser, crowded(url, root), repeats)
    if "switch" in only:
        figures += switches(browser, url, repeats)
    return figures


def crowded(url: str, root: Path) -> str:
    """The address of a map with many points, whose run is made at the first call."""
    runs = [folder.name for folder in root.glob("crowd*")]
    if not runs:
        runs = small_runs(root, "sprites", ["vicreg"], name="crowd", points=CROWD, frames=12)
    return f"{url}/latent_map?runs={runs[0]}"


def drag(browser, url: str, repeats: int) -> Figure:
    """Drag a slider of Traverse until enough pictures have been drawn."""
    page = opened(browser, f"{url}/traverse?run=demo-sprites-simvae")
    page.wait_for_selector(".traverse[data-ready=true]")
    box = page.locator(".traverse input").first.bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(cx, cy)
    page.mouse.down()
    start = time.monotonic()
    answers = 0
    while answers < repeats + 3 and time.monotonic() < start + 60:
        page.mouse.move(cx + 0.4 * box["width"] * math.sin(3 * (time.monotonic() - start)), cy)
        page.wait_for_timeout(10)
        answers = int(page.locator(".traverse").get_attribute("data-answers") or 0)
    page.mouse.up()
    median = float(page.locator(".traverse").get_attribute("data-median"))
    page.context.close()
    return Figure("traverse: request to picture while dragged", median, "ms", 100.0, f"median of {answers}")


def on_the_map(browser, address: str, repeats: int) -> list[Figure]:
    """Lasso, change of colour and playing on a map of 5,000 points."""
    page = opened(browser, address)
    page.wait_for_selector(".map[data-ready=true]")
    page.evaluate(HAND)
    note = f"{CROWD:,} points, median of {repeats}"
    lit, answered = (statistics.median(times) for times in zip(*(lasso(page) for _ in range(repeats)), strict=True))
    page.locator(".map").press("Escape")
    page.wait_for_selector(SETTLED)
    colours = statistics.median(colour(page, ("hue", "content")[k % 2]) for k in range(repeats))
    frames = statistics.median(rates(page, repeats))
    page.context.close()
    return [
        Figure("map: lasso until the points light up", lit, "ms", 200.0, note),
        Figure("map: lasso until the panel has answered", answered, "ms", 200.0, note),
        Figure("map: change of colour", colours, "ms", 300.0, note),
        Figure("map: playing", frames, "frames/s", 30.0, f"{note} periods of {WINDOW} s", least=True),
    ]


def watch(page, check: str) -> None:
    """Start waiting for ``check``, a JavaScript expression in which ``root`` is the map."""
    root = page.locator(".map").element_handle()
    page.evaluate(WATCH, [root, check])


def lasso(page) -> tuple[float, float]:
    """Milliseconds from releasing the lasso to the first frame with lit points and to the answer beside the map."""
    page.locator(".map").press("Escape")
    page.get_by_text("Nothing selected yet").wait_for()
    page.wait_for_selector(SETTLED)
    page.get_by_role("button", name="Lasso", exact=True).click()
    box = page.locator(".map .panel > canvas").bounding_box()
    cx, cy, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0.25 * min(box["width"], box["height"])
    page.mouse.move(cx + r, cy)
    page.mouse.down()
    for k in range(1, 25):
        page.mouse.move(cx + r * math.cos(k / 4), cy + r * math.sin(k / 4))
    watch(page, "Number(root.dataset.selected) > 0")
    page.evaluate("void (window.lit = window.waited)")  # without void, evaluate would wait for it here
    page.evaluate(WATCH, [page.locator(".map").element_handle(), SAYS % "Nearest on"])
    page.mouse.up()
    return page.evaluate("Promise.all([window.lit, window.waited])")


def colour(page, name: str) -> float:
    """Milliseconds from choosing a colour to the map with that colour."""
    page.get_by_label("Colour by").click()
    option = page.get_by_role("option", name=name, exact=True)
    option.wait_for()
    before = page.locator(".map .legends").inner_text().strip().split("\n")[0]
    watch(page, f"!root.querySelector('.legends').textContent.startsWith({before!r})")
    option.click()
    taken = page.evaluate("window.waited")
    page.wait_for_selector(SETTLED)
    return taken


def rates(page, repeats: int) -> list[float]:
    """Frames per second in each of many short periods of playing."""
    frame_rates = []
    while len(frame_rates) < repeats:
        if page.locator(".map").get_attribute("data-playing") != "true":
            page.get_by_role("button", name="Play", exact=True).click()
            page.wait_for_timeout(200)
        frame_rates.append(
            page.locator(".map").evaluate(
                """(root, long) => new Promise((done) => {
                    const from = performance.now(), start = Number(root.dataset.draws);
                    const rate = () => (1000 * (Number(root.dataset.draws) - start)) / (performance.now() - from);
                    setTimeout(() => done(rate()), long);
                })""",
                1000 * WINDOW,
            )
        )
        if page.locator(".map").get_attribute("data-playing") != "true":
            frame_rates.pop()  # the playing ended within the period
    return frame_rates


def switches(browser, url: str, repeats: int) -> list[Figure]:
    """From a click in the menu until the new page is complete, for every page that shows a run."""
    page = opened(browser, url)
    page.evaluate(HAND)
    taken: dict[str, list[float]] = {title: [] for title in MENU}
    for turn in range(repeats + 1):
        for title in MENU:
            done = f"document.querySelector('h1')?.textContent === '{title}' && document.querySelector(`{SETTLED}`)"
            page.evaluate(WATCH, [None, done])
            page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
            waited = page.evaluate("window.waited")
            page.wait_for_timeout(300)
            if turn:  # the first visit loads models
                taken[title].append(waited)
    page.context.close()
    note = f"click to complete page, median of {repeats}"
    return [Figure(f"switch to {title}", statistics.median(times), "ms", 500.0, note) for title, times in taken.items()]
