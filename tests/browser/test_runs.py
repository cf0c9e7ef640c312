"""What a person does with the shelf: search, tick a run, give it a name, delete it, want it back, compare two."""

from __future__ import annotations

import pytest

from simssl_core import library
from tests.browser.driving import settled, until
from tests.small_runs import small_runs

pytest.importorskip("playwright.sync_api")


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


def test_the_way_back_shows_what_was_left(page, server, shelf):
    page.goto(f"{server.url}/runs?runs_search=shelf-simclr")
    page.get_by_text("1 of ").wait_for()
    settled(page)
    tick(page, 0)
    page.get_by_role("link", name="Map", exact=True).last.click()
    page.wait_for_selector(".map[data-ready=true]")
    settled(page)
    page.go_back()
    page.get_by_text("1 of ").wait_for()
    page.wait_for_url(lambda url: "runs_search=shelf-simclr" in url)
    assert page.get_by_role("searchbox", name="Search").first.input_value() == "shelf-simclr"
    settled(page)
