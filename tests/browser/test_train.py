"""What a person does on the Train page: start, watch, pause, reload, go on, turn a knob, stop, find the runs again."""

from __future__ import annotations

import re
import time

import pytest

from simssl_core.jobs import launcher
from simssl_core.library import entries
from tests.browser.driving import ink, settled, until

pytest.importorskip("playwright.sync_api")


def pick(page, group: str, wanted: set[str]) -> None:
    """In the pills called ``group``, have exactly ``wanted`` switched on."""
    for pill in page.get_by_role("toolbar", name=group).get_by_role("button").all():
        if (pill.get_attribute("aria-pressed") == "true") != (pill.inner_text().strip() in wanted):
            pill.click()
            settled(page)


def step_of(page) -> int:
    """The step that the page shows."""
    text = page.get_by_text(re.compile(r"step [\d,]+ of")).first.inner_text()
    return int(re.search(r"step ([\d,]+) of", text).group(1).replace(",", ""))


def start_race(page, server) -> str:
    """Fill in the form for a small race on the digits and start it; returns its name."""
    page.goto(f"{server.url}/train")
    settled(page)
    page.get_by_label("Data set").click()
    page.get_by_role("option", name="Small digits").click()
    settled(page)
    steps = page.get_by_label("Steps", exact=True)
    until(lambda: steps.count() == 1, 20, "the form of the data chosen before is gone")
    steps.fill("20000")
    page.get_by_label("Steps", exact=True).press("Enter")
    page.get_by_label("Name", exact=True).fill("seen")
    page.get_by_label("Name", exact=True).press("Enter")
    pick(page, "Generative", {"SimVAE"})
    pick(page, "Discriminative", {"SimCLR"})
    settled(page)
    clicked = time.monotonic()
    page.get_by_role("button", name="Start training").click()
    page.get_by_text(re.compile("Starting: loading data|Waiting for its turn")).first.wait_for()
    print(f"from the click to a sign of life: {time.monotonic() - clicked:.1f} s")
    return "seen"


def test_a_person_trains_watches_pauses_reloads_resumes_stops_and_finds_the_runs(page, server):
    race = start_race(page, server)
    until(lambda: launcher.status(race, server.root) == "training", 90, "the race trains")
    until(lambda: page.get_by_text(re.compile(r"step [\d,]+ of")).count(), 30, "a step is shown")

    first, drawn = step_of(page), ink(page, ".panel canvas")
    until(lambda: step_of(page) > first, 20, "the step grows")
    frame = until(
        lambda: page.locator("figure[data-frame]:not([data-frame=''])").count() == 2, 90, "both maps are there"
    )
    assert frame
    seen = page.locator("figure[data-frame]").first.get_attribute("data-frame")
    until(lambda: page.locator("figure[data-frame]").first.get_attribute("data-frame") != seen, 60, "the map moves")
    until(lambda: ink(page, ".panel canvas") > drawn, 30, "the curves grow")

    page.reload()
    settled(page)
    assert "race=seen" in page.url
    until(lambda: ink(page, ".panel canvas"), 30, "the running race's curves are drawn again")
    page.get_by_role("button", name="Pause").click()
    until(lambda: launcher.status(race, server.root) == "paused", 20, "the race pauses")
    page.get_by_text("Paused. Nothing is lost").wait_for()
    rest = step_of(page)

    page.reload()
    settled(page)
    assert step_of(page) == rest
    page.get_by_role("button", name="Resume").click()
    until(lambda: step_of(page) > rest, 30, "the race goes on")

    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped by hand").wait_for()
    page.goto(f"{server.url}/runs?runs_search=seen")
    settled(page)
    page.get_by_text(re.compile(r"\b2 of \d+ runs")).wait_for()
    kept = {entry.run: entry for entry in entries.runs(server.root) if entry.race == race}
    assert set(kept) == {"seen-simvae", "seen-simclr"}
    assert all(entry.status == "stopped" and entry.step >= rest and entry.has_weights for entry in kept.values())
