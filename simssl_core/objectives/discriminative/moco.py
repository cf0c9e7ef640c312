r"""MoCo: InfoNCE against a queue of keys from a momentum encoder.

    loss = mean_{a≠b} −⟨q̂^a, k̂^b⟩/τ + log( exp(⟨q̂^a, k̂^b⟩/τ) + Σ_{queue} exp(⟨q̂^a, k̂_m⟩/τ) )

q by the encoder, k by its exponential average (m = 0.99), no gradient through k. Queries and keys of every view are
used (the symmetric loss of MoCo v2's CIFAR code), averaged over ordered pairs; in nats for each query. After the step
the average follows and the batch's keys replace the oldest K' of the K. The queue remembers which datum a key came
from: on small data it still holds keys of the current data from earlier batches, and those never count as negatives.
Source: He et al. 2020, arXiv 1911.05722; Chen et al. 2020, arXiv 2003.04297 (τ = 0.2, MLP head).
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import mean_pair_similarity, unit
from simssl_core.models import ema
from simssl_core.models.queue import KeyQueue
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class MoCoConfig(DiscriminativeConfig):
    temperature: float = setting(0.2, "τ, divides similarities.", live=True, ge=0.01, le=10)
    momentum: float = setting(0.99, "m, how much of the key encoder stays at each step.", live=True, ge=0, le=1)
    queue: int = setting(4096, "K, keys kept as negatives.", ge=16, le=1_000_000)


def moco_loss(q: Tensor, k: Tensor, queue: Tensor, same: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """0-d (pull, push) of queries and keys (J, N, P) and a queue (K, P), all of unit length.

    ``same`` bool (N, K) marks keys in the queue that came from the query's own datum; they are left out.
    """
    views = len(q)
    pull = -mean_pair_similarity(q, k).mean() / temperature
    negatives = (q @ queue.T / temperature).masked_fill(same, -torch.inf).logsumexp(-1)  # (J, N)
    positives = torch.einsum("and,bnd->abn", q, k) / temperature
    denominators = torch.logaddexp(positives, negatives.unsqueeze(1))  # (J, J, N)
    apart = ~torch.eye(views, dtype=torch.bool, device=q.device)
    return pull, denominators[apart].mean()


@register
class MoCo(Discriminative):
    name = "moco"
    title = "MoCo"
    colour = "#AA4499"
    unit = "nats per view"
    formula = (
        r"-\tfrac1\tau\langle\hat q,\hat k\rangle"
        r" + \log\sum_{m\in\{k\}\cup\mathrm{queue}}\exp(\langle\hat q,\hat k_m\rangle/\tau)"
    )
    roles = {
        "pull": ("log p(z|y): a query points to its datum's key.", r"-\tfrac1\tau\langle\hat q,\hat k\rangle"),
        "push": ("−log p(z), estimated from the queue.", r"\log\sum_m\exp(\langle\hat q,\hat k_m\rangle/\tau)"),
    }
    Config = MoCoConfig
    settings: MoCoConfig
    least_batch = 1

    def __init__(self, settings: MoCoConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.key_encoder, self.key_projector = ema.target_of(self.encoder), ema.target_of(self.projector)
        self.queue = KeyQueue(settings.queue, settings.projection)
        self._keys: tuple[Tensor, Tensor] | None = None

    def networks(self, views: Views) -> dict[str, Tensor]:
        with torch.no_grad():
            k = self.key_projector(self.key_encoder(views.images.flatten(0, 1)))
        return super().networks(views) | {"k": k.unflatten(0, views.images.shape[:2])}

    def terms(self, views: Views, p: Tensor, k: Tensor) -> Terms:
        q, k = unit(p), unit(k)
        same = views.index[:, None] == self.queue.index[None, :]
        pull, push = moco_loss(q, k, self.queue.keys, same, self.settings.temperature)
        if self.training:
            self._keys = (k.flatten(0, 1), views.index.repeat(views.count))
        return Terms.of(pull, pull=pull, push=push)

    def after_step(self, step: int, total: int) -> None:
        ema.follow(self.key_encoder, self.encoder, self.settings.momentum)
        ema.follow(self.key_projector, self.projector, self.settings.momentum)
        if self._keys is not None:
            self.queue.push(*self._keys)
            self._keys = None
