"""Start: what this is, every run at a glance, and where to go next."""

from __future__ import annotations

import streamlit as st

from pages.components.run_cards import run_cards
from pages.shared import layout, registry
from pages.shared.run_picker import all_runs
from pages.tours import bar
from simssl_core.data import catalog
from simssl_core.library import RunEntry

PICTURE = st.components.v2.component("simssl_model_picture", html=(layout.ASSETS / "model.svg").read_text())
ABOUT = """
Self-supervised methods learn from *views*: several pictures of the same thing. Contrastive, non-contrastive and
generative methods look different, yet all fit **one model**: a **content** `y` that stays the same, and around it
representations `z` that also hold the **style** of each view. Train them side by side here, on your own machine, and
watch content and style come apart.
"""


def show_jobs(entries: list[RunEntry]) -> None:
    """Show the hardware and the races that are under way."""
    members_by_race: dict[str, list[RunEntry]] = {}
    for entry in entries:
        if entry.live:
            members_by_race.setdefault(entry.race, []).append(entry)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/memory: {registry.device()}")
        if not members_by_race:
            st.markdown(":gray[Nothing is training.]")
    for race_name, members in members_by_race.items():
        first = members[0]
        with st.container(horizontal=True, vertical_alignment="center"):
            layout.badge(first.status)
            labels = ", ".join(member.label for member in members)
            st.markdown(f"**{race_name}** · {labels} · step {first.step:,} of {first.steps:,}")
            layout.link("pages/train.py", "Watch", "monitoring", {"race": race_name})


def show_runs(entries: list[RunEntry]) -> None:
    """Show a card for every readable run, in one tab per data set."""
    readable = [entry for entry in entries if entry.status != "damaged"]
    if not readable:
        layout.empty("No runs yet", "Train one: its map starts to move within seconds.", "pages/train.py", "Train")
        return
    datasets = catalog.ordered(entry.data for entry in readable)
    for dataset, tab in zip(datasets, st.tabs([name.replace("_", " ") for name in datasets]), strict=True):
        with tab:
            run_cards.run_cards([entry for entry in readable if entry.data == dataset], key=f"gallery.{dataset}")
    layout.caption(
        "Each dot is an image, coloured by its class (its content). **content**: how well a linear probe reads the "
        "class from the frozen representation. **style**: how much of position, hue and so on can still be read (R²). "
        "Compare a contrastive card with a generative one."
    )
    damaged = len(entries) - len(readable)
    if damaged:
        layout.link("pages/runs.py", f"{damaged} run{'s' * (damaged > 1)} cannot be read: see why", "warning")


layout.header("simssl lab", "What does self-supervised learning keep, and what does it throw away?")
with layout.guard():
    st.markdown(ABOUT, width=860)
    PICTURE(key="model")
    layout.caption(
        "Pull: views of one datum lie close to their y. Push: data stay apart. Reconstruct: z must remember enough to "
        "draw the image, style included. Drop *reconstruct* and style may be forgotten."
    )
    with st.container(horizontal=True):
        layout.link("pages/train.py", "Train objectives side by side", "play_circle")
        layout.link("pages/latent_map.py", "Walk through a latent map", "scatter_plot")
        layout.link("pages/theory.py", "Read why they are one model", "function")
    st.subheader("Guided tours", anchor=False)
    bar.cards()
    st.subheader("Runs", anchor=False)
    all_entries = all_runs()
    show_jobs(all_entries)
    show_runs(all_entries)
