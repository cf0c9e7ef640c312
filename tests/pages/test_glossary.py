"""The glossary: plain, complete, searchable, and used by the pages."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from app import PAGES
from pages.shared import glossary
from simssl_core import metrics
from tests.pages.test_app import ROOT, page, told

REQUIRED = {
    *("linear probe", "kNN", "R²", "style share", "effective rank", "projection head", "nats", "ELBO", "posterior"),
    *("UMAP", "collapse", "alignment", "uniformity", "mutual information"),
}


def test_every_required_term_is_defined():
    assert set(glossary.terms()) >= REQUIRED


@pytest.mark.parametrize("entry", glossary.terms().values(), ids=lambda e: e.term)
def test_entries_are_one_to_three_plain_sentences(entry):
    assert entry.text.endswith(".") and "!" not in entry.text
    assert len(re.findall(r"[.;](?:\s|$)", entry.text)) <= 3 and len(entry.text) <= 260


def test_terms_that_the_pages_use_exist():
    source = "\n".join(path.read_text() for path in (ROOT / "pages").rglob("*.py"))
    used = re.findall(r'glossary\.help_for\("([^"]+)"\)', source)
    assert used and set(used) <= set(glossary.terms())
    with pytest.raises(KeyError):
        glossary.help_for("flux capacitor")


def test_scores_are_explained():
    assert {row.term for row in metrics.rows()} - {""} <= set(glossary.terms())
    assert all(glossary.of_score(row.name) for row in metrics.rows() if row.tables)
    assert glossary.of_score("style:hue") == glossary.terms()["R²"].text and glossary.of_score("nonsense") is None


def test_search_finds_terms_first_and_then_texts():
    assert glossary.search("uni")[0].term == "uniformity"
    assert {e.term for e in glossary.search("linear probe")} >= {"linear probe", "MLP probe"}
    assert len(glossary.search("")) == len(glossary.terms()) and glossary.search("zebra") == []


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_every_page_has_the_glossary(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "nothing"))
    at = page(name).run()
    assert not at.exception and "**effective rank**" in told(at)


def test_the_search_box_filters(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path / "nothing"))
    at = page("runs").run()
    at.text_input(key="words_search").set_value("collapse").run()
    assert "**collapse**" in told(at) and "**UMAP**" not in told(at)
    at.text_input(key="words_search").set_value("zebra").run()
    assert "No entry mentions “zebra”" in told(at)


def test_the_glossary_does_not_import_torch():
    code = "import sys, pages.shared.glossary as g; g.terms(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False"], done.stderr
