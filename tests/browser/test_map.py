"""What a person does with the latent map: point, lasso, play, zoom, change colours; two maps stay linked throughout."""

from __future__ import annotations

import math
import statistics
import time

import pytest

from tests.browser.driving import scribble, settled, until
from tests.small_runs import small_runs

pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def pair(runs_root):
    """Two runs on the same 300 sprites."""
    return small_runs(runs_root, "sprites", ["simvae", "simclr"], name="pair", points=300)


@pytest.fixture(scope="module")
def crowd(runs_root):
    """One run on 5,000 sprites."""
    return small_runs(runs_root, "sprites", ["vicreg"], name="crowd", points=5_000, frames=12)


def open_map(page, server, runs: list[str], more: str = "") -> None:
    page.goto(f"{server.url}/latent_map?" + "&".join(f"runs={run}" for run in runs) + more)
    page.wait_for_selector(".map[data-ready=true]")
    settled(page)


def facts(page) -> dict:
    """What the map says of itself: step, playing, selected, view, draws."""
    return page.locator(".map").evaluate("e => ({...e.dataset})")


def panels(page) -> list[dict]:
    """Where the maps are on the screen."""
    return [canvas.bounding_box() for canvas in page.locator(".map .panel > canvas").all()]


def painted(page, which: int = 0) -> str:
    """What is drawn on one of the maps."""
    return page.locator(".map .panel > canvas").nth(which).evaluate("c => c.toDataURL()")


def wander(page, box: dict) -> None:
    """Move the pointer over the map until it meets a point."""
    for y in range(60, int(box["height"]) - 20, 9):
        for x in range(30, int(box["width"]) - 20, 40):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.locator(".map .tip:not([hidden])").count():
                return
    pytest.fail("no point of the map answered to the pointer")


def lasso(page, box: dict, radius: float = 0.42) -> None:
    """Draw round the middle of the map."""
    page.get_by_role("button", name="Lasso", exact=True).click()
    cx, cy, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, radius * min(box["width"], box["height"])
    page.mouse.move(cx + r, cy)
    page.mouse.down()
    for k in range(1, 25):
        page.mouse.move(cx + r * math.cos(k / 4), cy + r * math.sin(k / 4))
    page.mouse.up()


def ink_of_tip(page) -> int:
    return page.locator(".map .tip canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, 96, 96).data.filter((v, i) => i % 4 === 3 && v > 0).length"
    )


def test_pointing_shows_the_image_and_rings_it_in_both_maps(page, server, pair):
    open_map(page, server, pair)
    before = painted(page), painted(page, 1)
    wander(page, panels(page)[0])
    page.wait_for_timeout(200)
    assert ink_of_tip(page) == 96 * 96
    words = page.locator(".map .facts").inner_text()
    assert "hue" in words and "°" in words
    after = painted(page), painted(page, 1)
    assert after[0] != before[0] and after[1] != before[1], "the same image is ringed in the other map"


def test_lasso_selects_in_both_and_the_panel_tells_what_is_shared(page, server, pair):
    open_map(page, server, pair)
    lasso(page, panels(page)[0])
    page.get_by_text("Nearest on simvae’s map").wait_for()
    page.get_by_text("Nearest on simclr’s map").wait_for()
    count = int(facts(page)["selected"])
    assert 0 < count < 300
    assert page.get_by_test_id("stMarkdown").get_by_text(f"{count} points selected").count() == 1
    settled(page)
    page.locator(".map").press("Escape")
    page.get_by_text("Nothing selected yet").wait_for()
    assert facts(page)["selected"] == "0"


def test_play_moves_the_points_and_pauses_with_the_space_bar(page, server, pair):
    open_map(page, server, pair)
    last = painted(page)
    assert facts(page)["step"] == "90"
    page.locator(".map").focus()
    page.keyboard.press("Home")
    assert facts(page)["step"] == "0"
    first = painted(page)
    assert first != last
    page.keyboard.press("Space")
    until(lambda: 0 < int(facts(page)["step"]) < 90, 5, "points are under way")
    page.keyboard.press("Space")
    halted = facts(page)["step"]
    page.wait_for_timeout(400)
    assert facts(page)["step"] == halted and facts(page)["playing"] == "false"
    page.keyboard.press("End")
    assert facts(page)["step"] == "90"
    page.wait_for_timeout(300)
    assert painted(page) == last


def test_zoom_and_selection_survive_a_change_of_colour_and_the_link_opens_the_same_view(page, server, pair):
    open_map(page, server, pair)
    box = panels(page)[0]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    lasso(page, box)
    until(lambda: int(facts(page)["selected"]) > 0, 10, "a selection")
    settled(page)
    before = facts(page)
    picture = painted(page)
    page.get_by_label("Colour by").click()
    page.get_by_role("option", name="hue").click()
    page.locator(".map .legend .ring").wait_for()
    settled(page)
    after = facts(page)
    assert (
        after["view"] == before["view"] and after["selected"] == before["selected"] and after["step"] == before["step"]
    )
    page.wait_for_timeout(300)
    assert painted(page) != picture
    page.wait_for_url(lambda url: "colour=hue" in url and "runs=pair-simvae" in url)
    page.reload()
    page.wait_for_selector(".map[data-ready=true]")
    assert page.locator(".map .legend .ring").count() == 1


def test_a_stopped_time_is_in_the_link(page, server, pair):
    open_map(page, server, pair, "&step=40")
    assert facts(page)["step"] == "40"
    page.locator(".map").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: "step=0" in url)


def test_a_digit_drawn_by_hand_lands_on_the_map_and_leaves_when_wiped(page, server, runs_root):
    open_map(page, server, small_runs(runs_root, "digits", ["vicreg"], name="sketch"))
    page.get_by_text("Draw your own").click()
    scribble(page, (80, 30), (80, 140))
    page.get_by_text("Nearest to it for vicreg").wait_for()
    place = until(lambda: page.locator(".map .panel").get_attribute("data-guest"), 10, "the drawing is on the map")
    x, y = (float(part) for part in place.split(","))
    assert 0 < x < panels(page)[0]["width"] and 0 < y < panels(page)[0]["height"]
    page.locator(".pad .clear").click()
    until(lambda: page.locator(".map .panel").get_attribute("data-guest") is None, 10, "it is gone again")
    settled(page)


def test_five_thousand_points_move_smoothly_and_answer_at_once(page, server, crowd):
    open_map(page, server, crowd)
    start, began = int(facts(page)["draws"]), time.monotonic()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(3000)
    rate = (int(facts(page)["draws"]) - start) / (time.monotonic() - began)
    page.get_by_role("button", name="Pause", exact=True).click()
    settled(page)
    waits = []
    for _ in range(5):
        page.locator(".map").press("Escape")
        page.get_by_text("Nothing selected yet").wait_for()
        lasso(page, panels(page)[0], 0.3)
        released = time.monotonic()
        page.get_by_text("Nearest on").first.wait_for()
        waits.append(time.monotonic() - released)
    print(f"5,000 points: {rate:.0f} frames/s while playing, lasso to panel {1000 * statistics.median(waits):.0f} ms")
    assert rate > 8 and statistics.median(waits) < 3, "far from the aims (30 frames/s, 0.2 s) even for a busy machine"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_and_a_narrow_window(browser, server, pair, scheme, tmp_path):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, color_scheme=scheme)
    page = context.new_page()
    open_map(page, server, pair)
    edges = page.locator(".map .tool:visible").evaluate_all(
        "all => Math.max(...all.map(e => e.getBoundingClientRect().right))"
    )
    assert edges <= panels(page)[1]["x"] + panels(page)[1]["width"] + 1, "no button sticks out of the map"
    shade = page.locator(".map .panel").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert (shade == "rgb(255, 255, 255)") == (scheme == "light")
    context.close()
