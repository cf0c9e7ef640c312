"""Theory: the model and its bound, a playground, and every objective's terms beside the numbers of a real race."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout, registry
from pages.theory_parts.bound import derivation
from pages.theory_parts.objectives import roles
from pages.theory_parts.playground import EXPERIMENTS, KNOBS, playground

BOUND, PLAY, ROLES = "One model", "Playground", "Every objective"


def play() -> None:
    """The playground, opened with the objective or experiment that the address names (``?playground=``)."""
    name = st.query_params.get("playground", "")
    names = {*KNOBS, *(experiment["name"] for experiment in EXPERIMENTS)}
    start = name if name in names else "contrast"
    playground(registry.registry(), start, key=f"playground.{start}")
    layout.caption(
        "Eight data (colours) in four views each. Arrows: where each term of the loss drives a point, in the term’s "
        "colour; long arrows are shortened. The gradients are the true ones, of the same objectives that the Train "
        "page trains."
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
