"""Theory: the model and its bound, a playground where it moves, every objective in its words beside a real run."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout, registry
from pages.theory_parts.bound import derivation
from pages.theory_parts.objectives import roles
from pages.theory_parts.playground import EXPERIMENTS, KNOBS, playground

BOUND, PLAY, ROLES = "One model", "Playground", "Every objective"


def play() -> None:
    """The playground, opened as the address says (``?playground=`` an objective or an experiment)."""
    asked = st.query_params.get("playground", "")
    known = {*KNOBS, *(experiment["name"] for experiment in EXPERIMENTS)}
    start = asked if asked in known else "contrast"
    playground(registry.registry(), start, key=f"playground.{start}")
    layout.caption(
        "Eight data (colours) in four views each. Arrows: where each term of the loss drives a point, in its colour; "
        "long ones are shortened. Nothing here is made up for the show: the gradients are those of the objectives "
        "that the Train page trains."
    )


layout.header("Theory", "Why do contrastive, non-contrastive and generative objectives all work?")
with layout.guard():
    part = st.segmented_control(
        "Part",
        [BOUND, PLAY, ROLES],
        default=BOUND,
        key="theory_part",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    {PLAY: play, ROLES: roles}.get(part, derivation)()
