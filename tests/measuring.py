"""What the measuring scripts share: a figure with its limit, and a settled page whose messages are noted."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.driving import SETTLED

# Notes when the page sends to the server and when it hears from it, in the page's own clock.
TAP = """
window.frames_seen = [];
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", () => window.frames_seen.push(["in", performance.now()]));
  }
  send(data) { window.frames_seen.push(["out", performance.now()]); super.send(data); }
};
"""


@dataclass(frozen=True)
class Figure:
    """One measured figure and the limit it should stay under, or above if ``least`` (None: none was set)."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""
    least: bool = False

    @property
    def good(self) -> bool:
        """Whether the limit, if any, is kept."""
        return self.limit is None or (self.value >= self.limit if self.least else self.value < self.limit)

    @property
    def line(self) -> str:
        """For a person."""
        kept, missed = ("above", "BELOW") if self.least else ("under", "OVER")
        verdict = "" if self.limit is None else f"{kept if self.good else missed} {self.limit:g}"
        return f"{self.name:<58} {self.value:>9.3g} {self.unit:<14} {verdict:<12} {self.note}"


def opened(browser, url: str):
    """A settled page in a context of its own (no cache shared), with its messages tapped."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(90_000)
    page.add_init_script(TAP)
    page.goto(url)
    page.locator("h1").first.wait_for()
    page.wait_for_selector(SETTLED)
    return page
