"""What a person does on the Traverse page: drag a slider, see the picture follow, choose images, look further down."""

from __future__ import annotations

import math
import time

import pytest

from tests.browser.driving import scribble, settled, until
from tests.small_runs import small_runs

pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def runs(runs_root):
    return small_runs(runs_root, "sprites", ["simvae", "simclr"], name="walk")


def open_page(page, server, run: str, more: str = "") -> None:
    page.goto(f"{server.url}/traverse?run={run}{more}")
    page.wait_for_selector(".traverse[data-ready=true]", timeout=120_000)
    settled(page)


def picture(page) -> str:
    return page.locator(".traverse .after").get_attribute("src")


def drag(page, seconds: float) -> None:
    """Drag the first slider to and fro."""
    box = page.locator(".traverse input").first.bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(cx, cy)
    page.mouse.down()
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        page.mouse.move(cx + 0.4 * box["width"] * math.sin(3 * passed), cy)
        page.wait_for_timeout(10)
    page.mouse.move(cx + 0.4 * box["width"], cy)
    page.mouse.up()


def test_the_picture_follows_the_slider_while_it_is_dragged(page, server, runs):
    open_page(page, server, "walk-simvae")
    still = picture(page)
    drag(page, 4)
    answers = int(page.locator(".traverse").get_attribute("data-answers"))
    median = float(page.locator(".traverse").get_attribute("data-median"))
    print(f"traverse: {answers / 4:.1f} images/s while dragged, {median:.0f} ms from question to picture (median)")
    assert answers >= 4 and picture(page) != still
    page.wait_for_timeout(500)
    assert "+" in page.locator(".traverse .value").first.inner_text()
    page.get_by_role("button", name="Back to the image").click()
    until(lambda: picture(page) == still, 10, "the picture is the image's own again")
    settled(page)


def test_a_click_on_a_tile_moves_the_slider_there(page, server, runs):
    open_page(page, server, "walk-simvae")
    strip = page.locator(".traverse .strip").nth(1)
    box = strip.bounding_box()
    still = picture(page)
    page.mouse.click(box["x"] + box["width"] * 0.95, box["y"] + box["height"] / 2)
    until(lambda: picture(page) != still, 10, "another picture")
    assert page.locator(".traverse .value").nth(1).inner_text() == "+3.0 σ"


def test_another_image_is_chosen_from_the_row_and_kept_in_the_link(page, server, runs):
    open_page(page, server, "walk-simvae")
    first = page.locator(".traverse .before").get_attribute("src")
    page.locator(".picker .cell").nth(4).click()
    until(lambda: page.locator(".traverse .before").get_attribute("src") != first, 20, "the other image")
    settled(page)
    page.wait_for_url(lambda url: "image=4" in url)
    chosen = page.locator(".traverse .before").get_attribute("src")
    page.reload()
    page.wait_for_selector(".traverse[data-ready=true]")
    assert page.locator(".traverse .before").get_attribute("src") == chosen


def test_style_directions_and_every_panel_below(page, server, runs):
    open_page(page, server, "walk-simvae")
    page.get_by_role("radio", name="style directions").or_(page.get_by_role("button", name="style directions")).click()
    until(lambda: page.locator(".traverse .name").first.inner_text().startswith("style 1"), 20, "style directions")
    settled(page)
    for title in ("New views of it", "Mix content and style", "Out of nothing", "Nearest images", "Between two images"):
        page.get_by_role("radio", name=title).or_(page.get_by_role("button", name=title)).click()
        page.locator("[data-testid=stImage] img").first.wait_for()
        settled(page)


def test_a_point_is_dragged_over_two_directions_and_the_walk_is_kept_as_a_gif(page, server, runs):
    open_page(page, server, "walk-simvae", "&more=Two+directions")
    page.wait_for_selector(".plane[data-ready=true]")
    shown = page.locator(".plane .after")
    still = shown.get_attribute("src")
    page.locator(".plane .field").scroll_into_view_if_needed()
    box = page.locator(".plane .field").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.2, steps=10)
    page.mouse.up()
    until(lambda: shown.get_attribute("src") != still, 10, "another picture")
    assert "style 1 +" in page.locator(".plane .where").inner_text()
    page.locator(".plane .centre").click()
    until(lambda: shown.get_attribute("src") == still, 10, "the image again")
    settled(page)
    with page.expect_download() as waited:
        page.get_by_role("button", name="style 1 as GIF").click()
    assert waited.value.suggested_filename.endswith("style1.gif")


def test_an_image_drawn_by_hand_is_what_the_sliders_move(page, server, runs):
    open_page(page, server, "walk-simvae")
    first = page.locator(".traverse .before").get_attribute("src")
    page.get_by_text("Your own image").click()
    scribble(page, (40, 40), (120, 110))
    until(lambda: page.locator(".traverse .before").get_attribute("src") != first, 60, "the drawing")
    settled(page)
    page.locator(".picker .cell").first.click()
    until(lambda: page.locator(".traverse .before").get_attribute("src") == first, 15, "the run's image again")


def test_without_a_decoder_real_images_stand_in(page, server, runs):
    open_page(page, server, "walk-simclr")
    assert page.get_by_text("has no decoder").count() == 1
    assert page.locator(".traverse .near").is_visible()
    still = picture(page)
    drag(page, 1.5)
    until(lambda: picture(page) != still, 10, "another nearest image")
