"""Loaded runs, shared by all visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from simssl_core.analysis import memory_decoders

if TYPE_CHECKING:
    from pathlib import Path

    from simssl_core.analysis.explorer import Explorer
    from simssl_core.library.entries import RunEntry


def open_explorer(entry: RunEntry) -> Explorer:
    """The explorer of a run, loaded once for all visitors until the run's weights change."""
    return open_explorer_of(entry.folder)


def open_explorer_of(folder: Path) -> Explorer:
    """The explorer of the run in ``folder``; see :func:`open_explorer`."""
    return _explorer(str(folder), (folder / "weights.safetensors").stat().st_mtime_ns)


@st.cache_resource(max_entries=6, show_spinner="Loading the run …")
def _explorer(folder: str, modified: int) -> Explorer:
    from simssl_core.analysis.explorer import Explorer

    explorer = Explorer(folder)
    _ = explorer.latents  # encode the gallery now, under the spinner
    return explorer


def with_memory_decoder(explorer: Explorer, entry: RunEntry) -> Explorer:
    """The explorer with the run's memory decoder, cached until the run's weights or the decoder change."""
    files = [entry.folder / name for name in ("weights.safetensors", memory_decoders.FILE)]
    return _with_memory_decoder(explorer, str(entry.folder), tuple(file.stat().st_mtime_ns for file in files))


@st.cache_resource(max_entries=4, show_spinner=False)
def _with_memory_decoder(_explorer: Explorer, folder: str, modified: tuple[int, ...]) -> Explorer:
    return _explorer.remembering()
