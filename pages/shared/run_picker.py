"""Widgets for choosing runs, the same on every page; the address holds the choice (``?run=`` or ``?runs=``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from simssl_core.library import RunEntry


def all_runs() -> list[RunEntry]:
    """Every run in the lab, newest first, including damaged ones (status "damaged")."""
    from simssl_core import library

    return library.runs()


def pick_run(
    entries: Sequence[RunEntry] | None = None,
    label: str = "Run",
    key: str = "run",
    only: Callable[[RunEntry], bool] | None = None,
) -> RunEntry | None:
    """A box to choose one run, bound to the address as ``?<key>=``; None if there is no run to choose.

    ``entries`` defaults to all runs; ``only`` filters them. If the address names an unknown run, a warning says so and
    the first run is returned.
    """
    selectable = _selectable(entries, only)
    if not selectable:
        return None
    address_names = st.query_params.get_all(key)
    address_name = address_names[0] if address_names else None
    if address_name is not None and address_name not in selectable:
        st.warning(f"There is no run called “{address_name}” here; showing another.", icon=":material/search_off:")
    if st.session_state.get(key) not in selectable and address_name not in selectable:
        st.session_state[key] = next(iter(selectable))
    # No format_func: the address holds what the box shows, and a link should name the run.
    name = st.selectbox(label, list(selectable), index=None, key=key, bind="query-params")
    return selectable.get(name) or next(iter(selectable.values()))


def pick_runs(
    entries: Sequence[RunEntry] | None = None,
    label: str = "Runs",
    key: str = "runs",
    most: int = 4,
    only: Callable[[RunEntry], bool] | None = None,
) -> list[RunEntry]:
    """A box to choose up to ``most`` runs, bound to the address as ``?<key>=``; unknown names are left out."""
    selectable = _selectable(entries, only)
    if not selectable:
        return []
    if key not in st.session_state and not st.query_params.get_all(key):
        st.session_state[key] = list(selectable)[:1]
    names = st.multiselect(
        label,
        list(selectable),
        key=key,
        max_selections=most,
        placeholder="Choose runs",
        bind="query-params",
    )
    return [selectable[name] for name in names if name in selectable]


def _selectable(entries: Sequence[RunEntry] | None, only: Callable[[RunEntry], bool] | None) -> dict[str, RunEntry]:
    candidates = all_runs() if entries is None else entries
    return {entry.run: entry for entry in candidates if only is None or only(entry)}
