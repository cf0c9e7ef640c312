"""The glossary: technical terms in plain words with their sources, for the popover and for ``help=`` texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from simssl_core import metrics

FILE = Path(__file__).parent / "assets" / "glossary.json"


@dataclass(frozen=True)
class Term:
    """One entry: the term, its meaning, and its source (empty for common terms)."""

    term: str
    text: str
    source: str


@cache
def terms() -> dict[str, Term]:
    """Every entry by its term, in alphabetical order."""
    entries = [Term(**entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))]
    return {entry.term: entry for entry in sorted(entries, key=lambda entry: entry.term.lower())}


def help_for(word: str) -> str:
    """The meaning of ``word``, for a widget's ``help=``.

    Raises:
        KeyError: the glossary has no such term.
    """
    return terms()[word].text


def of_score(name: str) -> str | None:
    """What a score means, by its flat name; None if the score is unknown or needs no explanation."""
    metric = metrics.get(name)
    if metric is None:
        return None
    return help_for(metric.term) if metric.term else metric.help or None


def search(text: str) -> list[Term]:
    """The entries in which every word of ``text`` occurs, those whose term begins with its first word first."""
    words = text.lower().split()
    matches = [entry for entry in terms().values() if all(w in f"{entry.term} {entry.text}".lower() for w in words)]
    return sorted(matches, key=lambda entry: not (words and entry.term.lower().startswith(words[0])))


def popover() -> None:
    """The button that opens the glossary; a search reruns the glossary alone."""
    with st.popover("Words", icon=":material/menu_book:", help="What the technical terms mean", width="content"):
        _entries()


@st.fragment
def _entries() -> None:
    text = st.text_input(
        "Search the glossary", key="words_search", type="search", live=True, placeholder="linear probe, nats, …"
    )
    matches = search(text or "")
    with st.container(height=420, border=False):
        if matches:
            st.markdown("\n\n".join(_entry_text(entry) for entry in matches))
        else:
            st.markdown(f"No entry mentions “{text}”. Try part of a word.")


def _entry_text(entry: Term) -> str:
    source = f"  \n:gray[:small[{entry.source}]]" if entry.source else ""
    return f"**{entry.term}**  \n{entry.text}{source}"
