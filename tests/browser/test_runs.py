"""What a person does with the shelf: search, tick a run, give it a name, delete it, want it back, compare two."""

from __future__ import annotations

from contextlib import suppress

import pytest

from simssl_core.runs import library
from tests.browser.driving import settled, until
from tests.pages.small_runs import small_runs

api = pytest.importorskip("playwright.sync_api")


@pytest.fixture
def shelf(runs_root):
    return small_runs(runs_root, "digits", ["simvae", "simclr"], name="shelf")


def tick(page, *rows: int) -> None:
    """Tick rows of the table (it is drawn on a canvas, each row 35 pixels high)."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    for row in rows:
        page.mouse.click(box["x"] + 17, box["y"] + 52 + 35 * row)
        settled(page)


def names(root) -> set[str]:
    return {entry.run for entry in library.runs(root) if entry.run.startswith(("shelf", "renamed"))}


def test_a_run_is_found_renamed_deleted_and_brought_back(page, server, shelf, runs_root):
    page.goto(f"{server.url}/runs?runs_search=shelf-simvae")
    page.get_by_text("1 of ").wait_for()
    settled(page)
    tick(page, 0)
    page.get_by_text("simvae on digits").wait_for()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="New name").fill("renamed-shelf-simvae")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Rename").click()
    until(lambda: names(runs_root) == {"renamed-shelf-simvae", "shelf-simclr"}, 15, "the new name")
    settled(page)
    tick(page, 0)
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("Deleted renamed-shelf-simvae.").wait_for()
    assert names(runs_root) == {"shelf-simclr"}
    page.get_by_role("button", name="Undo").click()
    until(lambda: names(runs_root) == {"renamed-shelf-simvae", "shelf-simclr"}, 15, "it is back")
    settled(page)
    library.rename("renamed-shelf-simvae", "shelf-simvae", runs_root)


def test_two_runs_are_looked_at_side_by_side(page, server, shelf):
    page.goto(f"{server.url}/runs?runs_search=shelf")
    page.get_by_text("2 of ").wait_for()
    settled(page)
    tick(page, 0, 1)
    page.get_by_role("link", name="Maps side by side").click()
    page.wait_for_selector(".map[data-ready=true]")
    assert page.locator(".map .panel").count() == 2
    page.wait_for_url(lambda url: "runs=shelf-simvae" in url and "runs=shelf-simclr" in url)


def back(page, sign: str) -> None:
    """Back until the page left shows ``sign``: Streamlit sometimes notes one visit as two."""
    for _press in range(3):
        page.go_back()
        with suppress(api.TimeoutError):
            page.get_by_text(sign).wait_for(timeout=15_000)
            return
    pytest.fail(f"three steps back do not show “{sign}”")


def test_the_way_back_shows_what_was_left(page, server, shelf):
    page.goto(f"{server.url}/runs?runs_search=shelf-simclr")
    page.get_by_text("1 of ").wait_for()
    settled(page)
    tick(page, 0)
    page.get_by_role("link", name="Map", exact=True).last.click()
    page.wait_for_selector(".map[data-ready=true]")
    settled(page)
    back(page, "1 of ")
    page.wait_for_url(lambda url: "runs_search=shelf-simclr" in url)
    search = page.get_by_role("searchbox", name="Search").first
    assert search.input_value() == "shelf-simclr"
    settled(page)
    search.fill("")
    page.get_by_text("2 of ").wait_for()
    page.wait_for_url(lambda url: "runs_search" not in url)
    settled(page)
    page.get_by_role("link", name="Theory").first.click()
    page.get_by_text("Playground").first.wait_for()
    settled(page)
    back(page, "2 of ")
    assert search.input_value() == "", "nothing comes back that was taken away"
