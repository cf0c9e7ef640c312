r"""DeepCluster (v2): predict the cluster that last epoch's projections fell into.

    loss = mean_j −⟨p̂^j, c_{k(i)}⟩/τ + log Σ_k exp(⟨p̂^j, c_k⟩/τ)

k(i) and the centroids c come from spherical k-means over the projections remembered through the last epoch (of each
datum the mean over its views), K = 10·classes, and stay fixed within the epoch; so prototypes are not learned by
gradient. In nats for each view. An epoch is N data, or a tenth of a run that is shorter than ten epochs. Data that no
epoch has clustered yet are left out: through the first epoch the loss is zero and only projections are gathered.
Source: Caron et al. 2018, arXiv 1807.05520; v2 in Caron et al. 2020, arXiv 2006.09882, appendix.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.clustering import spherical_kmeans
from simssl_core.functional.vectors import pull_push, unit
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class DeepClusterConfig(DiscriminativeConfig):
    temperature: float = setting(0.1, "τ, divides similarities to the centroids.", live=True, ge=0.01, le=10)
    clusters: int = setting(0, "K, clusters; 0: ten for each class.", ge=0, le=65_536)


@register
class DeepCluster(Discriminative):
    name = "deep_cluster"
    title = "DeepCluster"
    colour = "#8D6E63"
    unit = "nats per view"
    formula = r"-\tfrac1\tau\langle\hat p,c_{k(i)}\rangle + \log\sum_k\exp(\langle\hat p,c_k\rangle/\tau)"
    roles = {
        "pull": ("log p(z|y): y is a cluster's centre.", r"-\tfrac1\tau\langle\hat p,c_{k(i)}\rangle"),
        "push": ("−log p(z): away from all other centres.", r"\log\sum_k\exp(\langle\hat p,c_k\rangle/\tau)"),
    }
    Config = DeepClusterConfig
    settings: DeepClusterConfig
    least_views = 1
    centroids: Tensor
    memory: Tensor
    assigned: Tensor

    def __init__(self, settings: DeepClusterConfig, context: Context) -> None:
        super().__init__(settings, context)
        clusters = min(settings.clusters or 10 * (context.classes or 10), context.data_size)
        self.register_buffer("centroids", unit(torch.randn(clusters, settings.projection)))
        self.register_buffer("memory", torch.zeros(context.data_size, settings.projection))
        self.register_buffer("assigned", torch.full((context.data_size,), -1))
        self._seen: tuple[Tensor, Tensor] | None = None

    def terms(self, views: Views, p: Tensor) -> Terms:
        p = unit(p)
        cluster = self.assigned[views.index]
        weights = (cluster >= 0).to(p.dtype)
        weights = weights / weights.sum().clamp_min(1) / views.count
        logits = p @ self.centroids.T / self.settings.temperature
        pull, push = pull_push(logits, cluster.clamp_min(0).expand(p.shape[:2]))
        if self.training:
            self._seen = (views.index, p.detach().mean(0))
        return Terms.of(p, pull=(weights * pull).sum(), push=(weights * push).sum())

    @torch.no_grad()
    def after_step(self, step: int, total: int) -> None:
        if self._seen is None:
            return
        (index, fresh), self._seen = self._seen, None
        self.memory[index] = unit(fresh)
        epoch = max(1, min(math.ceil(len(self.memory) / len(index)), total // 10))
        if step % epoch == 0:
            self._cluster()

    def _cluster(self) -> None:
        """Cluster all that is remembered; what has never been seen stays unassigned."""
        known = self.memory.any(-1).nonzero().squeeze(-1)
        if len(known) >= len(self.centroids):
            centroids, nearest = spherical_kmeans(self.memory[known], len(self.centroids))
            self.centroids.copy_(centroids)
            self.assigned[known] = nearest
