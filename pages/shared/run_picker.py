"""Choosing runs, the same way on every page, kept in the address bar (``?run=`` for one, ``?runs=`` for several)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from simssl_core.library import RunEntry


def all_runs() -> list[RunEntry]:
    """Every run in the lab, the newest first, damaged ones included (status "damaged")."""
    from simssl_core import library

    return library.runs()


def title(entry: RunEntry) -> str:
    """A run in words: its data, its objective, its name."""
    return f"{entry.data or '?'} · {entry.objective or '?'} — {entry.run}"


def pick_run(
    entries: Sequence[RunEntry] | None = None,
    label: str = "Run",
    key: str = "run",
    only: Callable[[RunEntry], bool] | None = None,
) -> RunEntry | None:
    """A box to choose one run, bound to the address bar as ``?<key>=``; None when there is none to choose.

    An address that names an unknown run says so and falls back to the first.
    """
    known = _known(entries, only)
    if not known:
        return None
    asked = _asked(key)
    if asked and asked[0] not in known:
        st.warning(f"There is no run called “{asked[0]}” here; showing another.", icon=":material/search_off:")
    if st.session_state.get(key) not in known and not (asked and asked[0] in known):
        st.session_state[key] = next(iter(known))
    # No format_func: the address bar holds what the box shows, and a link should name the run.
    name = st.selectbox(label, list(known), index=None, key=key, bind="query-params")
    return known.get(name) or next(iter(known.values()))


def pick_runs(
    entries: Sequence[RunEntry] | None = None,
    label: str = "Runs",
    key: str = "runs",
    most: int = 4,
    only: Callable[[RunEntry], bool] | None = None,
) -> list[RunEntry]:
    """A box to choose up to ``most`` runs, bound to the address bar as ``?<key>=``; unknown names are left out."""
    known = _known(entries, only)
    if not known:
        return []
    if key not in st.session_state and not _asked(key):
        st.session_state[key] = list(known)[:1]
    names = st.multiselect(
        label,
        list(known),
        key=key,
        max_selections=most,
        placeholder="Choose runs",
        bind="query-params",
    )
    return [known[name] for name in names if name in known]


def _known(entries: Sequence[RunEntry] | None, only: Callable[[RunEntry], bool] | None) -> dict[str, RunEntry]:
    chosen = all_runs() if entries is None else entries
    return {entry.run: entry for entry in chosen if only is None or only(entry)}


def _asked(key: str) -> list[str]:
    return st.query_params.get_all(key)
