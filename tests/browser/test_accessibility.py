"""Every page, light and dark: axe-core finds nothing serious, the keyboard reaches all, nothing leaves the machine.

Leaves a picture of each in tests/artifacts/, which is not kept in the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import PAGES
from tests.browser.conftest import ROOT
from tests.browser.driving import settled

ARTIFACTS = ROOT / "tests" / "artifacts"
ADDRESSES = {page.name: page.address for page in PAGES} | {
    "latent_map": "latent_map?tour=position.2",  # with a tour's bar
    "playground": "theory?theory_part=Playground",
    "objectives": "theory?theory_part=Every+objective",
}
# Left out, and why: what axe would find there is not ours to mend.
NOT_OURS = {
    ".katex-display": "the formulas' markup is KaTeX's: it scrolls by a pixel and Streamlit gives it no tabindex"
}
AXE = """async (without) => {
  const what = {exclude: without.map((selector) => [selector])};
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const found = await axe.run(what, {resultTypes: ["violations"], runOnly: rules});
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.any[0]?.message || ""}`));
}"""
# Every control inside our own components (they live in shadow roots) that no Tab would reach or that has no name.
UNREACHABLE = """() => {
  const bad = [], kinds = "button, a, input, select, [role=slider], [role=option], canvas[tabindex]";
  for (const host of document.querySelectorAll("[data-testid=stBidiComponentIsolated]"))
    for (const e of (host.shadowRoot || host).querySelectorAll(kinds)) {
      if (e.disabled || !e.getClientRects().length) continue;
      const name = e.getAttribute("aria-label") || e.textContent.trim() || e.title || e.closest("label") || e.ariaLabel;
      if (e.tabIndex < 0 || !name || (e.tagName === "A" && !e.href)) bad.push(e.outerHTML.slice(0, 160));
    }
  return bad;
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's script, bundled with a package of the test requirements."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["light", "dark"])
def window(request, browser, shipped) -> Iterator[tuple[object, str, list[str]]]:
    """One window for each scheme, and the requests that it sent elsewhere."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=request.param)
    page = context.new_page()
    page.set_default_timeout(60_000)
    elsewhere: list[str] = []
    home = (shipped.url, shipped.url.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda sent: sent.url.startswith(home) or elsewhere.append(sent.url))
    yield page, request.param, elsewhere
    context.close()


@pytest.mark.parametrize("name", list(ADDRESSES))
def test_nothing_serious(window, shipped, axe, name):
    page, scheme, elsewhere = window
    page.goto(f"{shipped.url}/{ADDRESSES[name]}")
    page.wait_for_selector("h1")
    settled(page)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")  # charts have come
    page.wait_for_timeout(900)  # canvases draw, fades end
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}-{scheme}.png")
    page.add_script_tag(content=axe)
    found = page.evaluate(AXE, list(NOT_OURS))
    assert not found, "\n".join(found)
    assert not page.evaluate(UNREACHABLE)
    assert not elsewhere


def test_axe_does_find_what_is_wrong(browser, axe):
    page = browser.new_page()
    page.set_content('<html lang="en"><title>x</title><main><p style="color:#aaa">pale</p><img src="x"></main></html>')
    page.add_script_tag(content=axe)
    found = page.evaluate(AXE, [])
    page.close()
    assert {line.split(":")[0] for line in found} == {"color-contrast", "image-alt"}


def test_the_playground_works_by_keyboard_alone(browser, shipped):
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    page.set_default_timeout(60_000)
    page.goto(f"{shipped.url}/theory?theory_part=Playground&playground=simclr")
    page.wait_for_selector(".play[data-ready]")
    settled(page)
    page.locator(".play .once").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".play[data-steps='1']")
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        inner = "() => { let e = document.activeElement; while (e.shadowRoot) e = e.shadowRoot.activeElement; return "
        reached.append(page.evaluate(inner + "e.tagName + (e.textContent || e.className).slice(0, 12); }"))
    page.close()
    words = " ".join(reached)
    for part in ("Reset", "Other points", "CANVAS", "SELECT", "Contrast", "pull", "push", "INPUT"):
        assert part in words, f"{part} not reached: {words}"
