"""What tests of pages do again and again."""

from __future__ import annotations

import time

import pytest

SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
INK = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v > 0).length"


def settled(page) -> None:
    """Wait until the page's script has run, then refuse any exception that it shows."""
    page.wait_for_selector(SETTLED)
    shown = page.locator("[data-testid=stException]")
    assert shown.count() == 0, shown.first.inner_text()


def ink(page, canvas: str) -> int:
    """How many pixels of the first such canvas are drawn on."""
    return page.locator(canvas).first.evaluate(INK)


def scribble(page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A stroke on the sheet, once it has unfolded and stands still: places in pixels from its corner."""
    sheet = page.locator(".pad[data-ready=true] .sheet")
    sheet.scroll_into_view_if_needed()
    settled(page)
    box = None
    while (now := sheet.bounding_box()) != box:
        box = now
        page.wait_for_timeout(200)
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=8)
    page.mouse.up()
    assert page.locator(".pad").get_attribute("data-inked") == "true"


def until(check, seconds: float, what: str):
    """Wait for ``check()`` to be true and return what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.3)
    pytest.fail(f"not within {seconds} s: {what}")
