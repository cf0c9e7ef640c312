"""For objectives without a decoder: what stands in for a picture, the memory decoder or the nearest real images."""

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
WHY = {
    "outdated": " Its memory decoder belongs to an earlier state of the run; learn it again.",
    "damaged": " Its memory decoder cannot be read; learn it again.",
}


def choose_drawing(explorer: Explorer, entry: RunEntry) -> Explorer:
    """Say what stands in for pictures, let choose, or let a memory decoder be learnt; the explorer to go on with."""
    state = memory_decoders.memory_status(entry.folder)
    if state == "ready":
        how = st.segmented_control(
            "Pictures by", [BY_MEMORY, BY_NEAREST], default=BY_MEMORY, key="drawing", required=True
        )
        if how != BY_NEAREST:
            try:
                explorer = with_memory_decoder(explorer, entry)
            except CheckpointError:
                state = "damaged"
    if explorer.by_memory:
        st.markdown(
            f":gray[**{entry.label}** has no decoder of its own: it never had to draw. The **memory decoder**, learnt "
            "afterwards on its frozen representations, shows what can still be drawn from them; what it cannot draw, "
            "the objective threw away.]"
        )
        return explorer
    st.markdown(
        f":gray[**{entry.label}** has no decoder: it never had to draw. The real images nearest to the moved "
        f"representation stand in for a picture.{WHY.get(state, '')}]"
    )
    if state != "ready" and not entry.live:
        about = "A small decoder is learnt on the frozen representations, about 40 s, and kept with the run."
        task_button(MEMORY, [entry.run], "Learn what can still be drawn from it", about)
    return explorer
