"""Pictures of every page, light and dark, wide and narrow, taken from the real app with the shipped runs.

python -m tests.screenshots                     into tests/artifacts/ (not kept in the project)
python -m tests.screenshots --readme            the README's pictures, into .readme/
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import PAGES
from tests.browser.conftest import FLAGS, chromium, start_server

ROOT = Path(__file__).parents[1]
ADDRESSES = {page.name: page.address for page in PAGES}
SIZES = ((1440, 900), (1024, 768))
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


@contextmanager
def lab() -> Iterator[str]:
    """Start a lab with a copy of the shipped runs and yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        shutil.copytree(ROOT / "checkpoints", root, ignore=shutil.ignore_patterns(".lab"))
        process, server = start_server(root, Path(folder) / "server.log")
        try:
            yield server.url
        finally:
            process.terminate()
            process.wait(15)


def shoot(browser, url: str, target: Path, pages: dict[str, str], sizes, whole: bool) -> None:
    """Take a picture of each page in each colour scheme and size; ``whole``: make the window as tall as the page."""
    for scheme in ("light", "dark"):
        for width, height in sizes:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            for name, path in pages.items():
                page.set_viewport_size({"width": width, "height": height})
                page.goto(f"{url}/{path}")
                page.wait_for_selector(READY, timeout=90_000)
                page.wait_for_timeout(2_500)  # the canvases finish drawing
                if whole:
                    page_height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                    page.set_viewport_size({"width": width, "height": max(height, min(int(page_height) + 20, 4_000))})
                    page.wait_for_timeout(1_000)
                page.screenshot(path=target / f"{name}-{scheme}-{width}.png")
                print(target / f"{name}-{scheme}-{width}.png")
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readme", action="store_true", help="only the README's pictures")
    parser.add_argument("--whole", action="store_true", help="whole pages instead of what a window shows")
    arguments = parser.parse_args()
    target = ROOT / (".readme" if arguments.readme else "tests/artifacts")
    target.mkdir(parents=True, exist_ok=True)
    pages = {"latent_map": ADDRESSES["latent_map"]} if arguments.readme else ADDRESSES
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, lab() as url:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        shoot(browser, url, target, pages, SIZES[:1] if arguments.readme else SIZES, arguments.whole)
        browser.close()


if __name__ == "__main__":
    main()
