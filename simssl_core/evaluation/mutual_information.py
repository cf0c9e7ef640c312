"""Two estimates of the mutual information I(z; z') in nats between two views of one datum, each with its own bias.

* :func:`gaussian`: exact for jointly Gaussian views, −½ Σ log(1 − ρ_d²) over the canonical correlations, with the bias
  of a finite sample removed. For other views it returns the information that equally correlated Gaussian views would
  share: far too much for tight clusters (eight clusters share log 8 = 2.1 nats, the estimate is 7), too little if the
  dependence is not linear (0).
* :func:`infonce`: a lower bound for any views, log N − (cross-entropy of picking the right partner among N). It cannot
  exceed the ceiling log N, and it falls below the true value as that approaches the ceiling.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from simssl_core.evaluation.probes import Array, tensor
from simssl_core.evaluation.style import halves
from simssl_core.metrics import measures

if TYPE_CHECKING:
    from simssl_core.evaluation.features import Features

LARGEST_BATCH = 2048
CEILING_RHO2 = 1 - 1e-6  # equal views would have infinite information; this limits it to 6.9 nats per dimension


class Bound(NamedTuple):
    """A lower bound in nats, its standard error over data, and the ceiling log N that it cannot pass."""

    value: float
    error: float
    ceiling: float


def whitened(z: Tensor, limit: int) -> Tensor:
    """Return ``z`` (N, D) centred and whitened: at most ``limit`` uncorrelated columns of variance 1.

    Directions without variance are left out.
    """
    centred = z - z.mean(0)
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    noise = 1e-6 * max(values.max().item() if len(values) else 0.0, z.norm().item())
    return left[:, values > noise][:, :limit] * math.sqrt(len(z))


def canonical_correlations(a: Array, b: Array) -> Tensor:
    """Return the canonical correlations of two views (N, D), (N, D') of the same data: descending, in [0, 1].

    At most N/4 principal components of each view are used; with more, chance correlations would hide the true ones.
    """
    a, b = (whitened(tensor(z), max(1, len(z) // 4)) for z in (a, b))
    return torch.linalg.svdvals(a.T @ b / len(a)).clamp(0, 1)


def gaussian(a: Array, b: Array) -> float:
    """Return I(z; z') in nats of jointly Gaussian views (N, D), (N, D'); at least 0.

    This is −½ Σ log(1 − ρ_d²) minus the bias of the sample. The plug-in estimate is too high by about D·D'/2N. The
    exact bias for Gaussian views follows from E log|W| of a Wishart matrix:
    ½ [Σ_{i≤D} + Σ_{i≤D'} − Σ_{i≤D+D'}] ψ((N − i)/2). NaN for fewer than eight data.
    """
    a, b = tensor(a), tensor(b)
    if len(a) < 8:
        return math.nan
    rho2 = canonical_correlations(a, b).square().clamp(max=CEILING_RHO2)
    widths = [whitened(z, max(1, len(z) // 4)).shape[1] for z in (a, b)]
    raw = -0.5 * torch.log1p(-rho2).sum().item()
    return max(0.0, raw - _sample_bias(len(a), *widths))


def _sample_bias(count: int, first: int, second: int) -> float:
    """Return the plug-in estimate's bias in nats for ``count`` data and views of width ``first`` and ``second``."""
    arguments = (count - torch.arange(1, first + second + 1, dtype=torch.float64)) / 2
    digamma = torch.special.digamma(arguments)
    return 0.5 * (digamma[:first].sum() + digamma[:second].sum() - digamma.sum()).item()


def infonce(views: Array, seed: int = 0) -> Bound:
    """Return the InfoNCE lower bound on I(z; z') in nats of views (V, N, D), V ≥ 2; NaN for fewer than 40 data.

    A critic learns on one half of the data. The bound is computed on the other half, where all data are negatives of
    each other (in batches of at most 2,048). Then the halves are exchanged. The result is the average over both
    directions and all pairs of views. The critic starts as the optimal critic for Gaussian views, to which a small
    network is added. Source: Oord et al. 2018.
    """
    z = tensor(views)
    if z.shape[0] < 2 or z.shape[1] < 40:
        return Bound(math.nan, math.nan, math.nan)
    first, second = (half.to(z.device) for half in halves(z.shape[1], seed))
    gains, ceilings = [], []
    for learnt, held_out in ((first, second), (second, first)):
        critic = _fit_critic(z[:, learnt], seed)
        pieces = held_out.chunk(math.ceil(len(held_out) / LARGEST_BATCH))
        with torch.no_grad():
            gains += [math.log(len(piece)) - critic.losses(z[:, piece]) for piece in pieces]
        ceilings += [math.log(len(piece)) for piece in pieces]
    values = torch.cat(gains)
    return Bound(
        value=values.mean().item(),
        error=(values.std() / math.sqrt(len(values))).item(),
        ceiling=sum(ceilings) / len(ceilings),
    )


def _fit_critic(z: Tensor, seed: int, steps: int = 200, patience: int = 50) -> _Critic:
    """Fit a critic on four fifths of the data in ``z`` (V, N, D); the rest selects the best step."""
    cut = int(0.8 * z.shape[1])
    learnt, validation = z[:, :cut], z[:, cut:]
    # If views form clusters, the Gaussian critic overestimates the correlations: try three limits.
    starts = [_Critic(learnt, seed, highest) for highest in (0.998, 0.9, 0.6)]
    with torch.no_grad():
        critic = min(starts, key=lambda start: start.losses(validation).mean().item())
    optimizer = torch.optim.AdamW(critic.parameters, lr=5e-3, weight_decay=1e-2)
    best_loss, best_parameters, best_step = math.inf, critic.snapshot(), 0
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps + 1):
        if step % 5 == 0:
            with torch.no_grad():
                loss = critic.losses(validation).mean().item()
            if loss < best_loss - 1e-3:  # a smaller gain may be chance
                best_loss, best_parameters, best_step = loss, critic.snapshot(), step
            if step - best_step > patience:
                break
        pair = torch.randperm(len(z), generator=generator)[:2].to(z.device)
        batch = torch.randperm(cut, generator=generator)[:512].to(z.device)
        optimizer.zero_grad()
        critic.losses(learnt[pair][:, batch]).mean().backward()
        optimizer.step()
    critic.parameters = best_parameters
    return critic


class _Critic:
    """f(a, b) = Gaussian log density ratio in canonical coordinates (learnable) + g(a)·h(b), g and h small networks.

    The networks use tanh, so that their output stays bounded far from the data they learnt from.
    """

    def __init__(self, views: Tensor, seed: int, highest: float):
        """Start from ``views`` (V, N, D); ``highest`` limits the squared correlations of the initial critic."""
        a, b = views[0], views[1]
        both = torch.cat([a, b])
        self.center = both.mean(0)
        _, values, right = torch.linalg.svd(both - self.center, full_matrices=False)
        noise = 1e-6 * max(values.max().item(), both.norm().item())
        width = max(1, min(int((values > noise).sum()), len(a) // 4))
        scale = (math.sqrt(len(both)) / values[:width].clamp(min=noise + 1e-30)).clamp(max=1e30)
        whiten = right[:width].T * scale
        x, y = (a - self.center) @ whiten, (b - self.center) @ whiten
        cross = (x.T @ y + y.T @ x) / (2 * len(a))  # symmetric: views are exchangeable
        rho, axes = torch.linalg.eigh(cross)
        self.turn = whiten @ axes
        chance = width / len(a)  # mean square of a canonical correlation of unrelated views
        rho = rho.sign() * (rho.square() - chance).clamp(0, highest).sqrt()
        generator = torch.Generator().manual_seed(seed)
        shapes = [(width + 1, 64), (64, 32), (width + 1, 64), (64, 32)]
        weights = [torch.randn(s, generator=generator).to(a) / math.sqrt(s[0]) for s in shapes]
        weights[3] = torch.zeros_like(weights[3])  # the initial critic is the Gaussian one
        gauss = [rho / (1 - rho**2), rho**2 / (2 * (1 - rho**2))]
        self.parameters = [w.float().requires_grad_() for w in (*gauss, *weights)]

    def snapshot(self) -> list[Tensor]:
        """Return a copy of the parameters."""
        return [parameter.detach().clone() for parameter in self.parameters]

    def scores(self, a: Tensor, b: Tensor) -> Tensor:
        """Return f of all pairs (N, N) of rows of two views (N, D)."""
        linear, square, g1, g2, h1, h2 = self.parameters
        a, b = (((z - self.center) @ self.turn).float() for z in (a, b))
        from_a, from_b = (F.pad(z, (0, 1), value=1.0) for z in (a, b))
        learnt = torch.tanh(from_a @ g1) @ g2 @ (torch.tanh(from_b @ h1) @ h2).T
        return (a * linear) @ b.T - b.square() @ square + learnt

    def losses(self, views: Tensor) -> Tensor:
        """Return the cross-entropy (N,) of picking each datum's partner, averaged over all ordered pairs of views."""
        partners = torch.arange(views.shape[1], device=views.device)
        pairs = [(v, w) for v in range(len(views)) for w in range(len(views)) if v != w]
        losses = [F.cross_entropy(self.scores(views[v], views[w]), partners, reduction="none") for v, w in pairs]
        return torch.stack(losses).mean(0)


@measures(
    "mutual_information",
    title="Mutual information",
    family="information",
    unit="nats",
    chance=0.0,
    term="mutual information",
    measured="full",
    place=50,
    headline=True,
)
@measures(
    "mutual_information_ceiling",
    title="Mutual information, ceiling",
    family="information",
    unit="nats",
    low=0.0,
    term="mutual information",
    measured="full",
    place=51,
)
@measures(
    "mutual_information_gaussian",
    title="Mutual information, Gaussian estimate",
    family="information",
    unit="nats",
    low=0.0,
    chance=0.0,
    term="mutual information",
    measured="full",
    place=52,
)
def information_scores(features: Features) -> dict[str, float]:
    """Return the mutual information of two views in nats: the bound, its ceiling, and the Gaussian estimate."""
    if len(features.views) < 2:
        return {}
    bound = infonce(features.views)
    return {
        "mutual_information": bound.value,
        "mutual_information_ceiling": bound.ceiling,
        "mutual_information_gaussian": gaussian(features.views[0], features.views[1]),
    }
