"""Every canvas component, with the data that the pages give it: mounted, cleaned up, mounted again, updated, overtaken.

Chromium loads its module from a text, as Streamlit does; that a page behaves is what the other tests here look at.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import base
from simssl_core.config import RunConfig
from simssl_core.jobs import launcher
from simssl_core.storage.database import Store
from tests.browser.conftest import ROOT

COMPONENTS = ROOT / "pages" / "components"
NAMES = sorted(folder.name for folder in COMPONENTS.iterdir() if any(folder.glob("*.js")))
# Pages with components; most are opened twice, so that their components get two different sets of data.
ADDRESSES = (
    "start?",
    "train?race=pair",
    "train?race=alone",
    "latent_map?runs=demo-sprites-simvae&runs=demo-sprites-simclr",
    "latent_map?runs=demo-digits-vicreg",
    "traverse?run=demo-sprites-simvae&more=Two+directions",
    "traverse?run=demo-digits-simvae&more=Two+directions",
    "theory?theory_part=Playground&playground=simvae",
    "theory?theory_part=Playground&playground=simclr",
)
BEGIN_ONLY = {"drawing_pad", "playground"}  # their data say how they begin; from then on only a hand changes them
# A page with one component on it, in a shadow root as Streamlit gives it one, and what the test asks of it.
HARNESS = """async ({ html, css, js }) => {
  const host = document.body.appendChild(document.createElement("div"));
  host.style.width = "1000px";
  const parentElement = host.attachShadow({ mode: "open" });
  parentElement.innerHTML = `<div>${html}</div>`;
  parentElement.appendChild(document.createElement("style")).textContent = css;
  const module = await import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
  const sent = [];
  const send = (name, value) => sent.push([name, value]);
  const calls = { setStateValue: send, setTriggerValue: send };
  window.mounted = (text) => module.default({ data: JSON.parse(text), parentElement, ...calls });
  const every = (tag) => [...parentElement.querySelectorAll(tag)];
  window.blank = () => every("canvas").forEach((c) => c.getContext("2d").reset());
  window.content = () => {
    const pixels = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    const canvases = every("canvas").filter((c) => c.clientWidth && c.width);
    const inked = canvases.filter((c) => pixels(c).some((v, i) => i % 4 === 3 && v > 0));
    const words = every("*").filter((e) => !e.children.length && e.tagName !== "STYLE").map((e) => e.textContent);
    const looks = every("*").map((e) => e.style.cssText + (e.src || "")).concat(canvases.map((c) => c.toDataURL()));
    const sum = [...looks.join("")].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);
    return { elements: every("*").length, canvases: canvases.length, inked: inked.length, words: words.join("|"), sum };
  };
}"""


@dataclass
class Given:
    """What the pages send to the browser for one component: its files, and its data, as often as they differ."""

    html: str
    css: str
    js: str
    data: list[str] = field(default_factory=list)


def race(root: Path, name: str, members: list[str], steps: int) -> None:
    """A race that has ended, with curves, and with the map of a run that comes with the project for each member."""
    config = RunConfig(name=name, data={"name": "digits"}, train={"steps": steps}, members=members)
    launcher.register(config, root, status="finished")
    values = {"pull": 1.0, "push": -2.0, "linear": 0.2, "style_r2": 0.4, "effective_rank": 1.0}
    steps_seen = range(1, steps, 4)
    Store(root).add_metrics(
        (f"{name}-{member}", step, step / 10, metric, value + step / 1000)
        for member in members
        for step in steps_seen
        for metric, value in values.items()
    )
    for member in members:
        shutil.copytree(ROOT / "checkpoints" / f"demo-digits-{member}" / "map", root / f"{name}-{member}" / "map")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Given]:
    """Every component with JavaScript on the pages at ``ADDRESSES``, by name, over the project's runs and two races."""
    root = tmp_path_factory.mktemp("given") / "runs"
    shutil.copytree(ROOT / "checkpoints", root, ignore=shutil.ignore_patterns(".lab"))
    race(root, "pair", ["simvae", "simclr"], 400)
    race(root, "alone", ["vicreg"], 90)
    found: dict[str, Given] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMSSL_RUNS", str(root))
        patch.setattr(base, "exists", lambda: False)  # no server: large data come as data addresses
        for address in ADDRESSES:
            for proto in components_of(address):
                name = proto.component_name.removeprefix("simssl_")
                one = found.setdefault(name, Given(proto.html_content, proto.css_content, proto.js_content))
                if proto.json not in one.data:
                    one.data.append(proto.json)
    return found


def components_of(address: str) -> list:
    page, _, query = address.partition("?")
    at = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=120)
    for name, value in parse_qsl(query):
        at.query_params[name] = [*at.query_params.get(name, []), value]
    at.run()
    assert not at.exception
    return [item.proto for item in at.get("bidi_component") if item.proto.js_content]


@pytest.fixture
def page(browser) -> Iterator[object]:
    """A blank page in which nothing moves by itself; at its end there must have been no error."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1100, "height": 1400})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    ours = lambda line: line.type in ("error", "warning") and not line.text.startswith("Canvas2D")  # noqa: E731
    opened.on("console", lambda line: ours(line) and errors.append(line.text))
    yield opened
    context.close()
    assert not errors, errors


def content(page) -> dict:
    """What the component shows, once it no longer changes."""
    before = None
    while (now := page.evaluate("content()")) != before:
        before = now
        page.wait_for_timeout(250)
    assert now["inked"] == now["canvases"] and now["elements"] > 5, now
    return now


def test_the_folder_and_the_pages_have_the_same_components(given):
    assert set(given) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_mounts_cleans_up_mounts_again_and_updates(page, given, name):
    one = given[name]
    first, second = one.data[0], one.data[-1]
    page.evaluate(HARNESS, {"html": one.html, "css": one.css, "js": one.js})

    page.evaluate("async (data) => { window.end = mounted(data); }", first)
    shown = content(page)
    page.evaluate("end(); blank();")
    page.evaluate("(data) => { window.end = mounted(data); }", first)
    assert content(page) == shown, "mounted again it shows the same"

    # Streamlit cleans a call up at once when a newer one overtook it
    page.evaluate("(data) => { const older = end; window.end = mounted(data); older(); }", second)
    updated = content(page)
    if second != first and name not in BEGIN_ONLY:
        assert updated != shown, "the update is seen"
    page.evaluate("(data) => { mounted(data); }", first)
    assert content(page)["canvases"] == shown["canvases"]
