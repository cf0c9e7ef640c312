"""What each run remembers of an image: a row of inputs, and below it a row of reconstructions per run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import layout
from pages.shared.background_task import task_button
from simssl_core.analysis import memory_decoders
from simssl_core.errors import LabError
from simssl_core.figures.report import Panel
from simssl_core.jobs.background_tasks import MEMORY
from simssl_core.library.comparison import Group

if TYPE_CHECKING:
    import numpy as np

COUNT = 12  # images in a row
CAPTION = (
    "Top: held-out images. Below: what a small decoder, the same for all, learnt to draw from each frozen "
    "representation. What is missing or blurred (a position, a colour) is what the objective discarded. "
    "Right: the mean squared error per pixel."
)


def show_strips(groups: Sequence[Group]) -> None:
    """Show the strips of the runs that have a memory decoder, and a button to learn the missing decoders."""
    st.subheader("What does it remember?", anchor=False)
    ready = [group for group in groups if memory_decoders.memory_status(group.first.folder) == "ready"]
    missing = [
        group.first.run for group in groups if group not in ready and group.first.has_weights and not group.first.live
    ]
    label = f"Learn what {len(missing)} of them remember" if ready else "Learn what they remember"
    help = f"A small decoder is learnt on each frozen representation, about 40 s each: {', '.join(missing)}."
    task_button(MEMORY, missing, label, help)
    if not ready:
        layout.empty(
            "Nothing has been learnt from these representations yet",
            "Learning a memory decoder takes about 40 seconds per run. It is saved with the run.",
        )
        return
    st.session_state.setdefault("compare_memory_seed", 0)
    if st.button("Other images", icon=":material/casino:", key="compare_memory_again"):
        st.session_state["compare_memory_seed"] += 1
    for label, png, error in pictures(ready, st.session_state["compare_memory_seed"]):
        label_column, strip, error_column = st.columns([1.3, 8, 1], vertical_alignment="center", gap="small")
        label_column.markdown(f"**{label}**" if error is None else label)
        strip.image(png, width="stretch", alt=f"{label}: one image per column")
        error_column.markdown("" if error is None else f":gray[{error:.4f}]")
    layout.caption(CAPTION)


def panel(groups: Sequence[Group]) -> Panel | None:
    """The strips as a panel of the report; None if no run has a memory decoder."""
    ready = [group for group in groups if memory_decoders.memory_status(group.first.folder) == "ready"]
    rows = [(label if error is None else f"{label} ({error:.4f})", png) for label, png, error in pictures(ready)]
    return Panel("memory", "What does it remember?", CAPTION, pictures=rows) if rows else None


def pictures(ready: Sequence[Group], seed: int = 0) -> list[tuple[str, bytes, float | None]]:
    """(label, PNG, error) of the inputs, whose error is None, and of every group's run.

    ``error`` is the mean squared error per pixel. A run that cannot be drawn gets a warning and is left out.
    """
    if not ready:
        return []
    first = str(ready[0].first.folder)
    images, input_strip = _inputs(first, _modified(first), seed)
    strips: list[tuple[str, bytes, float | None]] = [("image", input_strip, None)]
    for group in ready:
        try:
            folder = str(group.first.folder)
            png, error = _remembered(folder, _modified(folder), first, seed, images)
            strips.append((group.title, png, error))
        except LabError as error:
            st.warning(f"**{group.first.run}**: {error}", icon=":material/error:")
    return strips


def _modified(folder: str) -> tuple[int, ...]:
    files = (Path(folder) / name for name in (memory_decoders.FILE, "weights.safetensors"))
    return tuple(file.stat().st_mtime_ns for file in files)


@st.cache_data(show_spinner="Choosing images …", max_entries=16)
def _inputs(folder: str, modified: tuple[int, ...], seed: int) -> tuple[np.ndarray, bytes]:
    from simssl_core.analysis.reconstructions import chosen_images

    images = chosen_images(Path(folder), COUNT, seed)
    return images, _strip(images)


@st.cache_data(show_spinner="Remembering …", max_entries=64)
def _remembered(
    folder: str, modified: tuple[int, ...], first: str, seed: int, _images: np.ndarray
) -> tuple[bytes, float]:
    """The strip of one run and its error; ``first`` and ``seed`` identify the images in the cache."""
    from simssl_core.analysis.reconstructions import memory_pictures, squared_error

    reconstructions = memory_pictures(Path(folder), _images)
    return _strip(reconstructions), squared_error(_images, reconstructions)


def _strip(images: np.ndarray) -> bytes:
    from simssl_core.figures.pictures import channels_last, png, tile

    scale = max(1, 64 // images.shape[-1])
    return png(tile(channels_last(images), len(images), gap=2, scale=scale))
