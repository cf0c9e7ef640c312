"""A first-time visitor: from the start page through a whole tour by its Next button, and a play with the playground."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pages.tours.bar import TOURS
from tests.browser.driving import settled, until


@pytest.fixture
def window(browser, shipped) -> Iterator[object]:
    """A fresh window in which no page error may happen."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors, errors


def test_a_walk_from_start_to_end(window, shipped):
    page, tour = window, TOURS["position"]
    page.goto(shipped.url)
    page.get_by_role("link", name="Begin").first.click()
    for place, step in enumerate(tour.steps, 1):
        bar = page.locator(".st-key-tour_bar")
        bar.get_by_text(f"step {place} of {len(tour.steps)}").wait_for()
        settled(page)
        assert f"/{step.page}" in page.url and step.title in bar.inner_text()
        page.wait_for_function(f"location.search.includes('tour=position.{place}')")
        assert page.locator("[data-testid=stAlert]").count() == 0
        if step.query.get("colour") == "x":
            page.wait_for_function("location.search.includes('colour=x')")
            assert page.locator(".map .legends").inner_text().startswith("x")
        if place < len(tour.steps):
            page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_text("You have left the tour").wait_for()
    page.get_by_role("link", name="Go to step 6").click()
    page.wait_for_selector(".play[data-ready]")
    settled(page)
    page.locator(".st-key-tour_end button").click()
    page.wait_for_function("!location.search.includes('tour=')")
    page.locator(".st-key-tour_bar").wait_for(state="detached")


def test_the_playground_shows_collapse_and_what_prevents_it(window, shipped):
    page = window
    page.goto(f"{shipped.url}/theory?theory_part=Playground&playground=keep")
    play = page.locator(".play[data-ready]")
    play.wait_for()
    settled(page)
    page.get_by_role("button", name="No push: collapse").click()
    page.wait_for_selector(".play[data-collapsed='true']")
    assert "Collapsed" in play.locator(".note").inner_text() and play.locator(".share").inner_text() == "–"
    play.locator(".role[data-role=push] button").click()
    page.wait_for_selector(".play[data-collapsed='false']")
    page.get_by_role("button", name="Contrast: style goes").click()
    until(lambda: float(play.get_attribute("data-share")) < 0.01, 30, "views coincide")
    play.locator(".run").click()
    steps = play.get_attribute("data-steps")
    page.wait_for_timeout(400)
    assert play.get_attribute("data-steps") == steps, "paused"
    play.locator(".reset").click()
    until(lambda: play.get_attribute("data-steps") == "0", 5, "back at the start")


def test_without_motion_the_playground_only_jumps(browser, shipped):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{shipped.url}/theory?theory_part=Playground&playground=simclr")
    page.wait_for_selector(".play[data-ready]", timeout=60_000)
    page.locator(".play .run").click()
    page.wait_for_selector(".play[data-steps='60']")
    page.wait_for_timeout(300)
    assert page.locator(".play").get_attribute("data-steps") == "60"
    context.close()
