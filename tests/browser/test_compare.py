"""Compare in a real browser: radar, spectrum and strips are drawn, and the report works offline."""

from __future__ import annotations

import pytest

from simssl_core.analysis import evaluate, memory_decoders
from tests.browser.driving import settled
from tests.small_runs import small_runs

pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def runs(runs_root):
    names = small_runs(runs_root, "digits", ["vae", "simclr"], name="side", points=100)
    for run in names:
        evaluate.save_evaluation(
            runs_root / run, list(evaluate.evaluate_in_full(runs_root / run, images=100))[-1].findings
        )
        list(memory_decoders.learn(runs_root / run, seconds=30, steps=20))
    return names


def test_radar_strips_and_the_report(page, server, runs, browser, tmp_path):
    page.goto(f"{server.url}/compare?compare_data=digits&compare_runs=side-vae&compare_runs=side-simclr")
    settled(page)
    page.locator(".js-plotly-plot .polarlayer .scatterlayer .trace").nth(1).wait_for()
    for part in ("Inside", "Memory"):
        page.get_by_role("radio", name=part).or_(page.get_by_role("button", name=part)).first.click()
        wanted = "[data-testid=stImage] img" if part == "Memory" else ".js-plotly-plot .cartesianlayer"
        page.locator(wanted).first.wait_for()
        settled(page)
    assert page.locator("[data-testid=stImage] img").count() == 3
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Report (HTML)").click()
    report = tmp_path / "report.html"
    waiting.value.save_as(report)
    other = browser.new_page()
    asked, errors = [], []
    other.on("request", lambda request: asked.append(request.url))
    other.on("pageerror", lambda error: errors.append(str(error)))
    other.goto(report.as_uri())
    other.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert other.locator(".strip img").count() == 3
    assert not errors and [url for url in asked if not url.startswith(("data:", "blob:"))] == [report.as_uri()]
    other.close()
