"""The derivation, one step at a time: from the model to ELBO_SSL, and which part of it each family drops."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout

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
JENSEN = r"""
\log p(x^{1..J})
= \log \mathbb E_{q}\!\left[\frac{p(x^{1..J} \mid z^{1..J})\; p(z^{1..J})}{\prod_j q_\phi(z^j \mid x^j)}\right]
\;\ge\; \mathbb E_q\!\left[\log \frac{p(x^{1..J} \mid z^{1..J})\; p(z^{1..J})}{\prod_j q_\phi(z^j \mid x^j)}\right]
"""
INTEGRAL = r"""
\log p(z^1,\dots,z^J) = \log \int p(y) \prod_j \mathcal N(z^j;\, y, \sigma^2 I)\, dy
"""
SQUARES = r"""
\sum_j \lVert z^j - y \rVert^2 = \sum_j \lVert z^j - \bar z \rVert^2 + J\, \lVert \bar z - y \rVert^2,
\qquad \bar z = \tfrac1J \sum_j z^j
"""
PRIOR = r"""
\log p(z^1,\dots,z^J) = \underbrace{-\tfrac{1}{2\sigma^2} \sum_j \lVert z^j - \bar z \rVert^2}_{\text{pull}}
- \tfrac{(J-1)D}{2}\log 2\pi\sigma^2 - \tfrac D2 \log J \;+\; \log p(\bar z)
"""
ENTROPY = r"""
\sum_j H[q_\phi(z^j \mid x^j)] = \tfrac{JD}{2} \log 2\pi e + \tfrac12 \sum_j \sum_d \log s_d^2(x^j)
"""
# family, pull, push, reconstruct
FAMILIES = (
    ("**SimVAE**", "Σ‖z − z̄‖² / 2σ²", "entropy of q, and log p of the content", "yes"),
    ("**VAE**, one view at a time", "none: J = 1", "entropy and prior, as KL", "yes"),
    (
        "**Contrastive**: SimCLR, InfoNCE, MoCo",
        "similarity of positives",
        "all other data: an estimate of −log p(z)",
        "no",
    ),
    (
        "**By statistics**: VICReg, Barlow Twins, LeJEPA",
        "distance between views",
        "variance, covariance, or a test for a Gaussian",
        "no",
    ),
    ("**By clusters**: DeepCluster, SwAV, DINO", "one prototype for all views", "balanced or centred prototypes", "no"),
    (
        "**By prediction**: BYOL, SimSiam",
        "one view predicts the other",
        "none in the loss: a stopped gradient and a predictor stand in",
        "no",
    ),
)


def derivation() -> None:
    """Draw the page's first part: the model, the bound, and its derivation in four steps."""
    st.latex(MODEL)
    st.markdown(
        "`y` is the **content** that all views of a datum share; `z` is one view’s representation, content plus "
        "**style**; `x` is the image. σ² says how far style may lead away from content."
    )
    st.subheader("One bound: ELBO_SSL", anchor=False)
    st.latex(BOUND)
    st.markdown(
        "Every method maximises its own version of these three parts. The discriminative ones have no decoder: they "
        "drop *reconstruct* and replace the entropy with something else, so nothing makes them keep style."
    )
    with st.expander("Step 1: why it is a bound", icon=":material/counter_1:"):
        st.markdown("Insert the encoder q; the logarithm of a mean is at least the mean of the logarithms:")
        st.latex(JENSEN)
        st.markdown(
            "The fraction splits into three parts. Each image depends on its own z alone, which gives *reconstruct*; "
            "the denominator gives the entropy; what remains is log p(z¹..z^J). The bound is tight when q is the true "
            "posterior."
        )
    with st.expander("Step 2: integrate the content out", icon=":material/counter_2:"):
        st.latex(INTEGRAL)
        st.markdown("The squared distances to y split into those to the views’ mean, and one from the mean to y:")
        st.latex(SQUARES)
        st.markdown("Integrated over y, the last one gives a constant (uniform p(y)), or log p(z̄) for a Gaussian p(y):")
        st.latex(PRIOR)
        st.markdown("What remains of the shared content is a **pull towards the views’ mean**: all methods have it.")
    with st.expander("Step 3: what keeps data apart", icon=":material/counter_3:"):
        st.latex(ENTROPY)
        st.markdown(
            "A wide q blurs the decoder’s input, so *entropy* and *reconstruct* together keep every datum in a place "
            "of its own. Without a decoder something else must push, or all images end in one point."
        )
    with st.expander("Step 4: what each family drops", icon=":material/counter_4:", expanded=True):
        head = ("family", "pull", "push", "reconstruct")
        lines = [head, ("---",) * len(head), *FAMILIES]
        st.markdown("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
    layout.caption(
        "Bizeul, Schölkopf and Allen, A Probabilistic Model behind Self-Supervised Learning, TMLR 2024, arXiv "
        "2402.01399."
    )
