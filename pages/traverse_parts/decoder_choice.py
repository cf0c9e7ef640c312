"""For objectives without a decoder: pictures come from the memory decoder or are the nearest real images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared.background_task import task_button
from pages.shared.explorers import with_memory_decoder
from simssl_core.analysis import memory_decoders
from simssl_core.errors import CheckpointError
from simssl_core.jobs.background_tasks import MEMORY

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer
    from simssl_core.library.entries import RunEntry

BY_MEMORY, BY_NEAREST = "Memory decoder", "Nearest real images"
REASONS = {
    "outdated": " Its memory decoder belongs to an earlier state of the run; learn it again.",
    "damaged": " Its memory decoder cannot be read; learn it again.",
}


def choose_drawing(explorer: Explorer, entry: RunEntry) -> Explorer:
    """Say where pictures come from and offer the alternative, or offer to learn a memory decoder.

    Returns the explorer to use: with the memory decoder where that was chosen, else the one given.
    """
    state = memory_decoders.memory_status(entry.folder)
    if state == "ready":
        source = st.segmented_control(
            "Pictures by", [BY_MEMORY, BY_NEAREST], default=BY_MEMORY, key="drawing", required=True
        )
        if source != BY_NEAREST:
            try:
                explorer = with_memory_decoder(explorer, entry)
            except CheckpointError:
                state = "damaged"
    if explorer.by_memory:
        st.markdown(
            f":gray[**{entry.label}** has no decoder of its own: its loss does not ask for one. The **memory "
            "decoder**, learnt afterwards on the frozen representations, shows what can still be drawn from them; "
            "what it cannot draw, the objective threw away.]"
        )
        return explorer
    st.markdown(
        f":gray[**{entry.label}** has no decoder: its loss does not ask for one. The real images nearest to the "
        f"moved representation stand in for a picture.{REASONS.get(state, '')}]"
    )
    if state != "ready" and not entry.live:
        explanation = "A small decoder is learnt on the frozen representations in about 40 s and kept with the run."
        task_button(MEMORY, [entry.run], "Learn what can still be drawn from it", explanation)
    return explorer
