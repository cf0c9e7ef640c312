"""Terms of art in plain words, each in a sentence or two with its source: for the popover and for ``help=`` texts."""

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
    """One entry: the word, what it means, and where it comes from (empty: everyday use)."""

    term: str
    text: str
    source: str


@cache
def terms() -> dict[str, Term]:
    """Every entry by its word, in alphabetical order."""
    found = [Term(**entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))]
    return {entry.term: entry for entry in sorted(found, key=lambda entry: entry.term.lower())}


def help_for(word: str) -> str:
    """The definition of ``word``, for a widget's ``help=``.

    Raises:
        KeyError: the glossary does not have it.
    """
    return terms()[word].text


def of_score(name: str) -> str | None:
    """What a score means, by its flat name; None where nothing needs to be said."""
    row = metrics.get(name)
    if row is None:
        return None
    return help_for(row.term) if row.term else row.help or None


def search(text: str) -> list[Term]:
    """The entries in which every word of ``text`` occurs, those whose term begins with it first."""
    wanted = text.lower().split()
    hits = [e for e in terms().values() if all(word in f"{e.term} {e.text}".lower() for word in wanted)]
    return sorted(hits, key=lambda e: not (wanted and e.term.lower().startswith(wanted[0])))


def popover() -> None:
    """The button; its search reruns nothing but itself."""
    with st.popover("Words", icon=":material/menu_book:", help="What the terms of art mean", width="content"):
        _list()


@st.fragment
def _list() -> None:
    text = st.text_input(
        "Search the glossary", key="words_search", type="search", live=True, placeholder="linear probe, nats, …"
    )
    found = search(text or "")
    with st.container(height=420, border=False):
        if found:
            st.markdown("\n\n".join(_entry(entry) for entry in found))
        else:
            st.markdown(f"Nothing about “{text}” here. Try part of a word.")


def _entry(entry: Term) -> str:
    source = f"  \n:gray[:small[{entry.source}]]" if entry.source else ""
    return f"**{entry.term}**  \n{entry.text}{source}"
