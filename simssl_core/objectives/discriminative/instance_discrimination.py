r"""Instance discrimination: every training image is a class of its own, with a memory bank for class weights.

    loss = mean_j −⟨p̂^j, v_i⟩/τ + log Σ_{k≤N} exp(⟨p̂^j, v_k⟩/τ),      v_i ← unit(m·v_i + (1−m)·mean_j p̂^j) after
    the step

over all N training instances, none left out. The bank holds one vector for each datum, so a datum's own old vector is
its positive and never a negative. In nats for each view; several views share the slot v_i, which takes their mean.
Source: Wu et al. 2018, arXiv 1805.01978 (full softmax instead of its NCE estimate: N is small here).
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import pull_push, unit
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class InstanceDiscriminationConfig(DiscriminativeConfig):
    temperature: float = setting(0.07, "τ, divides similarities.", live=True, ge=0.01, le=10)
    momentum: float = setting(0.5, "m, how much of an old vector stays in the bank.", live=True, ge=0, lt=1)


@register
class InstanceDiscrimination(Discriminative):
    name = "instance_discrimination"
    title = "Instance discrimination"
    colour = "#C2185B"
    unit = "nats per view"
    formula = r"-\tfrac1\tau\langle\hat p,v_i\rangle + \log\sum_{k\le N}\exp(\langle\hat p,v_k\rangle/\tau)"
    roles = {
        "pull": ("log p(z|y): y is the datum's vector in the bank.", r"-\tfrac1\tau\langle\hat p,v_i\rangle"),
        "push": (
            "−log p(z), with the whole training set in the bank.",
            r"\log\sum_{k\le N}\exp(\langle\hat p,v_k\rangle/\tau)",
        ),
    }
    Config = InstanceDiscriminationConfig
    settings: InstanceDiscriminationConfig
    least_views = 1
    bank: Tensor

    def __init__(self, settings: InstanceDiscriminationConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.register_buffer("bank", unit(torch.randn(context.data_size, settings.projection)))
        self._seen: tuple[Tensor, Tensor] | None = None  # what the last step will leave in the bank

    def terms(self, views: Views, p: Tensor) -> Terms:
        p = unit(p)
        pull, push = pull_push(p @ self.bank.T / self.settings.temperature, views.index.expand(p.shape[:2]))
        if self.training:
            self._seen = (views.index, p.detach().mean(0))
        return Terms.of(p, pull=pull.mean(), push=push.mean())

    @torch.no_grad()
    def after_step(self, step: int, total: int) -> None:
        if self._seen is not None:
            (index, fresh), self._seen = self._seen, None
            m = self.settings.momentum
            self.bank[index] = unit(m * self.bank[index] + (1 - m) * fresh)
