"""Every objective: its loss, the role of each term, and beside them the size of each term in a real race."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.shared import glossary, layout, registry
from pages.shared.bars import TRACK
from pages.shared.run_picker import all_runs
from simssl_core import library
from simssl_core.figures.theme import ROLE_COLOURS
from simssl_core.library import RunEntry

MEANINGS = {  # of the roles, in the bound
    "pull": "log p(z|y): the views of one datum agree.",
    "push": "Entropy and −log p(z): data stay apart, nothing collapses.",
    "reconstruct": "log p(x|z): z remembers the image. Without it, style may be thrown away.",
    "other": "What has no counterpart in the bound.",
}


def numbers() -> dict[str, tuple[RunEntry, dict[str, float]]]:
    """The run of every objective in a race that the visitor picks, and the newest values of its terms, by objective."""
    entries = [entry for entry in all_runs() if entry.status != "damaged"]
    race_names = list(dict.fromkeys(entry.race for entry in entries))
    if not race_names:
        layout.caption("Train a race, and its live terms appear beside the formulas.")
        return {}
    race_name = st.selectbox("Numbers from the race", race_names, key="theory_race", bind="query-params", width=360)
    terms = {}
    for entry in entries:
        if entry.race == race_name and entry.objective not in terms:
            newest = {name: value for name, (_, value) in library.latest(entry.run).items()}
            terms[entry.objective] = entry, newest or entry.scores
    return terms


def bar(role: str, value: float, most: float, unit: str) -> str:
    """One number as a bar from the middle, to the left where it is negative. ``most`` fills half the track."""
    length = 50 * min(1.0, abs(value) / most) if most else 0.0
    left = 50 - length if value < 0 else 50
    number = f"{value:,.2f}".replace("-", "−")
    return (
        '<div style="display:grid;grid-template-columns:1fr auto;gap:4px 10px;align-items:center">'
        f'<span role="img" aria-label="{html.escape(role)}: {number} {unit}" style="position:relative;height:10px;'
        f'border-radius:5px;background:{TRACK};overflow:hidden">'
        f'<span style="position:absolute;top:0;bottom:0;left:{left:.2f}%;width:{length:.2f}%;'
        f'background:{ROLE_COLOURS[role]}"></span>'
        '<span style="position:absolute;top:0;bottom:0;left:50%;width:1px;background:currentColor;opacity:.5"></span>'
        f'</span><span style="font-weight:600;font-variant-numeric:tabular-nums;min-width:6.2em;text-align:right">'
        f"{number}</span></div>"
    )


def row(kind: type, role: str, values: Mapping[str, float], most: float) -> None:
    """One term of one objective: its role, a sentence with its formula, and its value."""
    sentence, formula = kind.roles[role]
    name, description, number = st.columns([2, 7, 4], vertical_alignment="center")
    name.html(f'<span style="border-left:.35em solid {ROLE_COLOURS[role]};padding-left:.5em"><b>{role}</b></span>')
    description.markdown(f"{sentence}  \n$\\displaystyle {formula}$")
    if role in values:
        number.html(bar(role, values[role], most, kind.unit))


def card(kind: type, entry: RunEntry | None, values: Mapping[str, float]) -> None:
    """One objective: its loss, then its terms by role."""
    terms = {role: values[role] for role in kind.roles if role in values}
    most = max((abs(value) for value in terms.values()), default=0.0)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(f"**{kind.title}** :gray[{kind.family}]", width="content")
        if terms:
            loss = f"; the loss is {values['loss']:,.2f}".replace("-", "−") if "loss" in values else ""
            st.markdown(f":gray[{kind.unit}{loss}]", width="content")
    if kind.formula:
        st.latex(kind.formula)
    for role in ROLE_COLOURS:
        if role in kind.roles:
            row(kind, role, terms, most)
    if not kind.roles:
        st.markdown(":gray[No loss: an encoder that has learnt nothing, for comparison.]")
    if entry:
        layout.link("pages/latent_map.py", f"Map of {entry.run}", "scatter_plot", {"runs": entry.run})


def roles() -> None:
    """A card for each chosen objective, and a table of what pushes in all of them."""
    kinds = {kind.title: kind for kind in registry.registry().values()}  # the address holds what the pills show
    terms = numbers()
    titles = st.pills(
        "Objectives",
        list(kinds),
        selection_mode="multi",
        default=[title for title, kind in kinds.items() if kind.first_race],
        key="theory_objectives",
        bind="query-params",
        help=glossary.help_for("objective"),
    )
    for kind in (kinds[title] for title in titles):
        with st.container(border=True):
            card(kind, *terms.get(kind.name, (None, {})))
    layout.caption(
        " ".join(f"**{role}**: {meaning}" for role, meaning in MEANINGS.items())
        + " The terms add up to the loss, at the newest step of the chosen race. Only the generative objectives count "
        "in nats per datum, summed over its views, and can be compared with each other; compare the bars of the others "
        "only within their card."
    )
    with st.expander("What pushes, in every objective"):
        st.table(pushes(kinds), border="horizontal")


def pushes(kinds: Mapping[str, type]) -> pd.DataFrame:
    """A table of the objectives, their families, and what pushes in each."""
    sentences = {name: kind.roles.get("push", ("Nothing in the loss.", ""))[0] for name, kind in kinds.items()}
    rows = [(kind.title, kind.family, sentences[name]) for name, kind in kinds.items() if kind.family != "reference"]
    return pd.DataFrame(rows, columns=["Objective", "Family", "What pushes"]).set_index("Objective")
