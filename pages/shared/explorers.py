"""TODO."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from simssl_core.analysis import memory_decoders

if TYPE_CHECKING:
    from pathlib import Path

    from simssl_core.analysis.explorer import Studio
    from simssl_core.library.entries import RunEntry


def open_studio(entry: RunEntry) -> Studio:
    """The run, loaded; once for all visitors until its weights change."""
    return open_folder(entry.folder)


def open_folder(folder: Path) -> Studio:
    """The same by its folder."""
    return _studio(str(folder), (folder / "weights.safetensors").stat().st_mtime_ns)


@st.cache_resource(max_entries=6, show_spinner="Loading the run …")
def _studio(folder: str, when: int) -> Studio:
    from simssl_core.analysis.explorer import Studio

    studio = Studio(folder)
    _ = studio.latents  # encode the gallery now, under the spinner
    return studio


def remembering(studio: Studio, entry: RunEntry) -> Studio:
    """The same studio with the run's memory decoder, until either of the two changes."""
    files = [entry.folder / name for name in ("weights.safetensors", memory_decoders.FILE)]
    return _remembering(studio, str(entry.folder), tuple(file.stat().st_mtime_ns for file in files))


@st.cache_resource(max_entries=4, show_spinner=False)
def _remembering(_studio: Studio, folder: str, when: tuple[int, ...]) -> Studio:
    return _studio.remembering()
