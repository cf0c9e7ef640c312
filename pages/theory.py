"""Theory: the model, its bound, and every objective written in its words, beside the numbers of a real run."""

from __future__ import annotations

import streamlit as st

from pages.parts import layout, machine
from pages.parts.runs_picker import all_runs
from simssl_core.figures.theme import ROLE_COLOURS
from simssl_core.runs import library
from simssl_core.runs.library import RunEntry

MODEL = r"""
y \sim p(y) \qquad z^j \mid y \sim \mathcal N(y,\, \sigma^2 I) \qquad x^j \mid z^j \sim p_\theta(x \mid z^j),
\quad j = 1 \dots J
"""
BOUND = r"""
\log p(x^1,\dots,x^J) \;\ge\;
\underbrace{\sum_j \mathbb E_q \log p_\theta(x^j \mid z^j)}_{\text{reconstruct}}
\;+\; \underbrace{\sum_j H[q_\phi(z^j \mid x^j)]}_{\text{push: entropy}}
\;+\; \underbrace{\mathbb E_q \log p(z^1,\dots,z^J)}_{\text{pull: the views share one } y}
"""
PRIOR = r"""
\log p(z^1,\dots,z^J) = -\tfrac{1}{2\sigma^2} \sum_j \lVert z^j - \bar z \rVert^2
- \tfrac{(J-1)D}{2}\log 2\pi\sigma^2 - \tfrac D2 \log J \;+\; \log p(\bar z), \qquad \bar z = \tfrac1J \sum_j z^j
"""
FIRST = ("simvae", "vae", "simclr", "vicreg")
WORDS = {
    "pull": "log p(z|y): the views of one datum agree.",
    "push": "Entropy and −log p(z): data stay apart, nothing collapses.",
    "reconstruct": "log p(x|z): z remembers the image. Without it, style may be thrown away.",
    "other": "What has no counterpart in the bound.",
}


def model() -> None:
    """One model, one bound."""
    st.subheader("One model", anchor=False)
    st.latex(MODEL)
    st.markdown(
        "`y` is the **content** that all views of a datum share; `z` is a view's representation, content plus "
        "**style**; `x` is what we see. σ² says how far style may lead away from content."
    )
    st.subheader("What the views share", anchor=False)
    st.latex(PRIOR)
    st.markdown("Integrating `y` out leaves a pull towards the views’ mean: the term that all methods have in common.")
    st.subheader("One bound: ELBO_SSL", anchor=False)
    st.latex(BOUND)
    st.markdown(
        "Every method maximises its own version of these three parts. The discriminative ones have no decoder: they "
        "drop *reconstruct* and put something else in the place of the entropy, so nothing asks them to keep style."
    )


def numbers() -> dict[str, tuple[RunEntry, dict[str, float]]]:
    """The newest terms of every objective in a chosen race, by objective."""
    found = [entry for entry in all_runs() if entry.status != "damaged"]
    races = list(dict.fromkeys(entry.race for entry in found))
    if not races:
        layout.caption("Train a race, and its live terms appear beside the formulas.")
        return {}
    race = st.selectbox("Numbers from", races, key="theory_race", bind="query-params", width=360)
    shown = {}
    for entry in found:
        if entry.race == race and entry.objective not in shown:
            newest = {name: value for name, (_, value) in library.latest(entry.run).items()}
            shown[entry.objective] = entry, newest or entry.scores
    return shown


def row(kind: type, role: str, values: dict[str, float]) -> None:
    """One role of one objective: words, formula, number."""
    sentence, formula = kind.roles[role]
    name, words, number = st.columns([1, 5, 1], vertical_alignment="center")
    name.html(f'<span style="border-left:.35em solid {ROLE_COLOURS[role]};padding-left:.5em"><b>{role}</b></span>')
    words.markdown(f"{sentence} $\\displaystyle {formula}$")
    value = values.get(role)
    number.markdown("–" if value is None else f"**{value:,.2f}** nats", text_alignment="right")


def card(kind: type, entry: RunEntry | None, values: dict[str, float]) -> None:
    """One objective: its loss, then its roles."""
    head, loss = st.columns([1, 6], vertical_alignment="center")
    head.markdown(f"**{kind.title}**  \n:gray[{kind.family}]")
    loss.latex(kind.formula)
    for role in ROLE_COLOURS:
        if role in kind.roles:
            row(kind, role, values)
    if not kind.roles:
        st.markdown(":gray[No loss: what an encoder knows before it has learnt anything.]")
    if entry:
        layout.link("pages/latent_map.py", f"Map of {entry.run}", "scatter_plot", {"runs": entry.run})


def roles() -> None:
    """The table of roles: every objective in the same words."""
    st.subheader("Every objective in the same words", anchor=False)
    kinds = machine.registry()
    terms = numbers()
    shown = st.pills(
        "Objectives",
        list(kinds),
        selection_mode="multi",
        default=[name for name in FIRST if name in kinds],
        key="theory_objectives",
        bind="query-params",
    )
    for name in shown:
        with st.container(border=True):
            card(kinds[name], *terms.get(name, (None, {})))
    layout.caption(
        "Numbers are nats per datum at the newest step of the chosen race; the parts add up to the loss. "
        + " ".join(f"**{role}**: {words}" for role, words in WORDS.items())
    )
    layout.caption("Bizeul, Schölkopf and Allen, A Probabilistic Model behind Self-Supervised Learning, TMLR 2024.")


layout.header("Theory", "Why do contrastive, non-contrastive and generative objectives all work?")
with layout.guard():
    model()
    roles()
