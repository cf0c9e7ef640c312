r"""InfoNCE: a lower bound on the mutual information of two views, in one direction, with a separable critic.

    loss = mean_n −⟨â_n, ĉ_n⟩/τ + log Σ_m exp(⟨â_n, ĉ_m⟩/τ),      a = g(h^a), c = g'(h^b), each head its own

Anchors are an earlier view, candidates the N data of a later one; J > 2 averages over the pairs a < b. In nats for
each anchor. I(view; view) ≥ log N − loss is logged as ``mutual_information``; it can never pass log N. Source: van
den Oord, Li & Vinyals 2018, arXiv 1807.03748; Poole et al. 2019 (separable critics).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import info_nce, unit
from simssl_core.models import heads
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class InfoNCEConfig(DiscriminativeConfig):
    temperature: float = setting(0.1, "τ, divides the critic's cosines.", live=True, ge=0.01, le=10)


@register
class InfoNCE(Discriminative):
    name = "infonce"
    title = "InfoNCE"
    colour = "#E9967A"
    unit = "nats per view"
    symmetric = False
    formula = r"-\tfrac1\tau\langle\hat a,\hat c\rangle + \log\sum_m\exp(\langle\hat a,\hat c_m\rangle/\tau)"
    roles = {
        "pull": ("log p(z|y): an anchor's own candidate scores high.", r"-\tfrac1\tau\langle\hat a,\hat c\rangle"),
        "push": (
            "−log p(z), estimated from the batch: all other candidates score low.",
            r"\log\sum_m\exp(\langle\hat a,\hat c_m\rangle/\tau)",
        ),
    }
    Config = InfoNCEConfig
    settings: InfoNCEConfig

    def __init__(self, settings: InfoNCEConfig, context: Context) -> None:
        super().__init__(settings, context)
        s, width = settings, context.model.width
        self.candidate_projector = heads.projector(width, s.head_hidden, s.projection, s.head_layers)

    def networks(self, views: Views) -> dict[str, Tensor]:
        h = self.encoder(views.images.flatten(0, 1))
        count = views.images.shape[:2]
        return {"a": self.projector(h).unflatten(0, count), "c": self.candidate_projector(h).unflatten(0, count)}

    def terms(self, views: Views, a: Tensor, c: Tensor) -> Terms:
        first, second = torch.triu_indices(views.count, views.count, 1, device=a.device)
        pull, push = info_nce(unit(a)[first], unit(c)[second], self.settings.temperature)
        bound = math.log(a.shape[1]) - (pull + push).detach()
        return Terms.of(pull, pull=pull, push=push, extras={"mutual_information": bound})
