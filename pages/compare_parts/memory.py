"""What does each run still remember of an image? A row of inputs, and below it what can still be drawn from z."""

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

COUNT = 12
CAPTION = (
    "Top: held-out images. Below: what a small decoder, the same for all, learnt to draw from each frozen "
    "representation. What is missing or blurred (where it was, its colour) is what the objective threw away. "
    "Right: the mean squared error per pixel."
)


def strips(groups: Sequence[Group]) -> None:
    """The section on the page: strips of those that have a memory decoder, a button for those that have none."""
    st.subheader("What does it remember?", anchor=False)
    ready = [group for group in groups if memory_decoders.memory_status(group.first.folder) == "ready"]
    missing = [g.first.run for g in groups if g not in ready and g.first.has_weights and not g.first.live]
    label = f"Learn what {len(missing)} of them remember" if ready else "Learn what they remember"
    about = f"A small decoder is learnt on each frozen representation, about 40 s each: {', '.join(missing)}."
    task_button(MEMORY, missing, label, about)
    if not ready:
        layout.empty(
            "Nothing has been learnt from these representations yet",
            "A memory decoder takes about 40 seconds a run and is kept with the run.",
        )
        return
    st.session_state.setdefault("compare_memory_seed", 0)
    if st.button("Other images", icon=":material/casino:", key="compare_memory_again"):
        st.session_state["compare_memory_seed"] += 1
    for label, png, error in pictures(ready, st.session_state["compare_memory_seed"]):
        words, strip, right = st.columns([1.3, 8, 1], vertical_alignment="center", gap="small")
        words.markdown(f"**{label}**" if error is None else label)
        strip.image(png, width="stretch", alt=f"{label}: one image per column")
        right.markdown("" if error is None else f":gray[{error:.4f}]")
    layout.caption(CAPTION)


def panel(groups: Sequence[Group]) -> Panel | None:
    """The same for the report; None where nobody has a memory decoder."""
    ready = [group for group in groups if memory_decoders.memory_status(group.first.folder) == "ready"]
    rows = [(label if error is None else f"{label} ({error:.4f})", png) for label, png, error in pictures(ready)]
    return Panel("memory", "What does it remember?", CAPTION, pictures=rows) if rows else None


def pictures(ready: Sequence[Group], seed: int = 0) -> list[tuple[str, bytes, float | None]]:
    """(label, PNG, error) of the inputs (error None) and of every group's run; one that cannot be drawn is left out."""
    if not ready:
        return []
    first = str(ready[0].first.folder)
    images, row = _inputs(first, _when(first), seed)
    found: list[tuple[str, bytes, float | None]] = [("image", row, None)]
    for group in ready:
        try:
            folder = str(group.first.folder)
            png, error = _remembered(folder, _when(folder), first, seed, images)
            found.append((group.title, png, error))
        except LabError as error:
            st.warning(f"**{group.first.run}**: {error}", icon=":material/error:")
    return found


def _when(folder: str) -> tuple[int, ...]:
    files = (Path(folder) / name for name in (memory_decoders.FILE, "weights.safetensors"))
    return tuple(file.stat().st_mtime_ns for file in files)


@st.cache_data(show_spinner="Choosing images …", max_entries=16)
def _inputs(folder: str, when: tuple[int, ...], seed: int) -> tuple[np.ndarray, bytes]:
    from simssl_core.analysis.reconstructions import chosen_images

    images = chosen_images(Path(folder), COUNT, seed)
    return images, _row(images)


@st.cache_data(show_spinner="Remembering …", max_entries=64)
def _remembered(folder: str, when: tuple[int, ...], first: str, seed: int, _images: np.ndarray) -> tuple[bytes, float]:
    from simssl_core.analysis.reconstructions import memory_pictures, squared_error

    drawn = memory_pictures(Path(folder), _images)
    return _row(drawn), squared_error(_images, drawn)


def _row(images: np.ndarray) -> bytes:
    from simssl_core.figures.pictures import channels_last, png, tile

    scale = max(1, 64 // images.shape[-1])
    return png(tile(channels_last(images), len(images), gap=2, scale=scale))
