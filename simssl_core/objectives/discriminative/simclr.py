r"""SimCLR: NT-Xent over all J·N normalised projections p̂.

    loss = mean over anchors i and their positives k of  −⟨p̂_i, p̂_k⟩/τ + log Σ_{m≠i} exp(⟨p̂_i, p̂_m⟩/τ)

The denominator runs over all J·N − 1 others, the positives among them. At J = 2 this is the published mean over 2N
anchors; at J > 2 each anchor's J − 1 positives are averaged (SupCon's L_out, with views as the classes). In nats for
each view. pull is the mean positive similarity over τ (least, −1/τ, when views agree), push the log-denominator.
Source: Chen et al. 2020, arXiv 2002.05709.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import mean_pair_similarity, unit
from simssl_core.objectives.base import Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class SimCLRConfig(DiscriminativeConfig):
    temperature: float = setting(
        0.5, "τ, divides similarities: lower looks harder at the nearest negatives.", live=True, ge=0.01, le=10
    )


def nt_xent(p: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """NT-Xent of projections (J, N, P) as 0-d (pull, push); their sum is the loss, in nats for each anchor."""
    p = unit(p)
    pull = -mean_pair_similarity(p).mean() / temperature
    flat = p.flatten(0, 1)
    logits = flat @ flat.T / temperature
    itself = torch.eye(len(flat), dtype=torch.bool, device=p.device)
    return pull, logits.masked_fill(itself, -torch.inf).logsumexp(-1).mean()


@register
class SimCLR(Discriminative):
    name = "simclr"
    title = "SimCLR"
    colour = "#D55E00"
    unit = "nats per view"
    typical = True
    first_race = True
    # The projection head is linear: a deeper one takes over the forgetting, and the representation that everybody looks
    # at keeps the position. Where views share a sprite's hue as well, a linear head leaves the length of a
    # representation free, which blurs what is read of a circle (R² .85 against .92 after 700 steps).
    recommended = {
        "sprites": {"head_layers": 1, "temperature": 0.5},
        "sprites+hue": {"head_layers": 2, "temperature": 1.0},
        "mnist": {"head_layers": 1},
        "fashion_mnist": {"head_layers": 1},
    }
    formula = (
        r"-\tfrac{1}{\tau}\langle\hat p^a,\hat p^b\rangle + \log\sum_{m}\exp(\langle\hat p^a,\hat p_m\rangle/\tau)"
    )
    roles = {
        "pull": (
            "log p(z|y): two views of a datum point the same way.",
            r"-\tfrac1\tau\langle\hat p^a,\hat p^b\rangle",
        ),
        "push": (
            "−log p(z), estimated from the batch: data stay apart.",
            r"\log\sum_m\exp(\langle\hat p^a,\hat p_m\rangle/\tau)",
        ),
    }
    Config = SimCLRConfig
    settings: SimCLRConfig

    def terms(self, views: Views, p: Tensor) -> Terms:
        pull, push = nt_xent(p, self.settings.temperature)
        return Terms.of(pull, pull=pull, push=push)
