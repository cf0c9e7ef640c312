"""How much do two views of one datum tell about each other? Two estimates of I(z; z') in nats, each with its bias.

* :func:`gaussian`: exact for jointly Gaussian views, −½ Σ log(1 − ρ_d²) over the canonical correlations, with the bias
  of a finite sample removed. Of other views it says what Gaussian ones so correlated would share: far too much for
  tight lumps (eight share log 8 = 2.1 nats, and it says 7), too little where the dependence is not linear (0).
* :func:`infonce`: a lower bound for any views, log N − (cross-entropy of picking the right partner among N). It can
  never say more than log N, the ceiling, and sags below the truth as it nears it.
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
CEILING_RHO2 = 1 - 1e-6  # equal views would be worth infinitely much; 6.9 nats a dimension is said instead


class Bound(NamedTuple):
    """A lower bound in nats, its standard error over data, and the ceiling log N that it cannot pass."""

    value: float
    error: float
    ceiling: float


def whitened(z: Tensor, most: int) -> Tensor:
    """``z`` (N, D) centred and turned to uncorrelated columns of variance 1, at most ``most``; empty ones left out."""
    centred = z - z.mean(0)
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    noise = 1e-6 * max(values.max().item() if len(values) else 0.0, z.norm().item())
    return left[:, values > noise][:, :most] * math.sqrt(len(z))


def canonical_correlations(a: Array, b: Array) -> Tensor:
    """Canonical correlations of two views (N, D), (N, D') row by row of the same data: falling, in [0, 1].

    Of each view at most N/4 principal components take part, or chance correlations would drown the true ones.
    """
    a, b = (whitened(tensor(z), max(1, len(z) // 4)) for z in (a, b))
    return torch.linalg.svdvals(a.T @ b / len(a)).clamp(0, 1)


def gaussian(a: Array, b: Array) -> float:
    """I(z; z') of jointly Gaussian views (N, D), (N, D'): −½ Σ log(1 − ρ_d²), less the bias of the sample; not below 0.

    The plug-in estimate is too high by about D·D'/2N. Its exact bias under Gaussian views follows from
    E log|W| of a Wishart matrix: ½ [Σ_{i≤D} + Σ_{i≤D'} − Σ_{i≤D+D'}] ψ((N − i)/2). NaN for fewer than eight data.
    """
    a, b = tensor(a), tensor(b)
    if len(a) < 8:
        return math.nan
    rho2 = canonical_correlations(a, b).square().clamp(max=CEILING_RHO2)
    widths = [whitened(z, max(1, len(z) // 4)).shape[1] for z in (a, b)]
    raw = -0.5 * torch.log1p(-rho2).sum().item()
    return max(0.0, raw - _sample_bias(len(a), *widths))


def _sample_bias(count: int, first: int, second: int) -> float:
    halves_of = (count - torch.arange(1, first + second + 1, dtype=torch.float64)) / 2
    digamma = torch.special.digamma(halves_of)
    return 0.5 * (digamma[:first].sum() + digamma[:second].sum() - digamma.sum()).item()


def infonce(views: Array, seed: int = 0) -> Bound:
    """The InfoNCE lower bound on I(z; z') of views (V, N, D), V ≥ 2 (Oord et al. 2018).

    A critic learns on one half of the data and the bound is taken on the other, where all are each other's negatives
    (in batches of at most 2,048); then the halves change places. Both directions and all pairs of views are averaged.
    The critic starts as the optimal one for Gaussian views and adds what a small network finds. NaN for fewer than 40
    data.
    """
    z = tensor(views)
    if z.shape[0] < 2 or z.shape[1] < 40:
        return Bound(math.nan, math.nan, math.nan)
    first, second = (half.to(z.device) for half in halves(z.shape[1], seed))
    gains, ceilings = [], []
    for learnt, asked in ((first, second), (second, first)):
        critic = _fit_critic(z[:, learnt], seed)
        pieces = asked.chunk(math.ceil(len(asked) / LARGEST_BATCH))
        with torch.no_grad():
            gains += [math.log(len(piece)) - critic.losses(z[:, piece]) for piece in pieces]
        ceilings += [math.log(len(piece)) for piece in pieces]
    every = torch.cat(gains)
    return Bound(every.mean().item(), (every.std() / math.sqrt(len(every))).item(), sum(ceilings) / len(ceilings))


def _fit_critic(z: Tensor, seed: int, steps: int = 200, patience: int = 50) -> _Critic:
    """Learns on four fifths of the data in ``z`` (V, N, D); the rest decides which step was the best."""
    cut = int(0.8 * z.shape[1])
    learnt, watched = z[:, :cut], z[:, cut:]
    starts = [_Critic(learnt, seed, most) for most in (0.998, 0.9, 0.6)]  # of views in lumps the Gaussian is too sure
    with torch.no_grad():
        critic = min(starts, key=lambda start: start.losses(watched).mean().item())
    optimizer = torch.optim.AdamW(critic.parameters, lr=5e-3, weight_decay=1e-2)
    best, kept, kept_at = math.inf, critic.snapshot(), 0
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps + 1):
        if step % 5 == 0:
            with torch.no_grad():
                loss = critic.losses(watched).mean().item()
            if loss < best - 1e-3:  # less is chance, and may be wild elsewhere
                best, kept, kept_at = loss, critic.snapshot(), step
            if step - kept_at > patience:
                break
        pair = torch.randperm(len(z), generator=generator)[:2].to(z.device)
        batch = torch.randperm(cut, generator=generator)[:512].to(z.device)
        optimizer.zero_grad()
        critic.losses(learnt[pair][:, batch]).mean().backward()
        optimizer.step()
    critic.parameters = kept
    return critic


class _Critic:
    """f(a, b) = Gaussian log density ratio in canonical coordinates (learnable) + g(a)·h(b), g and h small networks.

    Their tanh keeps them tame where nothing was learnt.
    """

    def __init__(self, views: Tensor, seed: int, most: float):
        """``most``: the largest squared correlation that it starts out believing in."""
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
        rho = rho.sign() * (rho.square() - chance).clamp(0, most).sqrt()
        generator = torch.Generator().manual_seed(seed)
        shapes = [(width + 1, 64), (64, 32), (width + 1, 64), (64, 32)]
        weights = [torch.randn(s, generator=generator).to(a) / math.sqrt(s[0]) for s in shapes]
        weights[3] = torch.zeros_like(weights[3])  # at the start the Gaussian critic alone
        gauss = [rho / (1 - rho**2), rho**2 / (2 * (1 - rho**2))]
        self.parameters = [w.float().requires_grad_() for w in (*gauss, *weights)]

    def snapshot(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.parameters]

    def scores(self, a: Tensor, b: Tensor) -> Tensor:
        """f of all pairs (N, N) of rows of two views."""
        linear, square, g1, g2, h1, h2 = self.parameters
        a, b = (((z - self.center) @ self.turn).float() for z in (a, b))
        from_a, from_b = (F.pad(z, (0, 1), value=1.0) for z in (a, b))
        learnt = torch.tanh(from_a @ g1) @ g2 @ (torch.tanh(from_b @ h1) @ h2).T
        return (a * linear) @ b.T - b.square() @ square + learnt

    def losses(self, views: Tensor) -> Tensor:
        """Cross-entropy (N,) of finding each datum's partner, averaged over all ordered pairs of views."""
        right = torch.arange(views.shape[1], device=views.device)
        pairs = [(v, w) for v in range(len(views)) for w in range(len(views)) if v != w]
        every = [F.cross_entropy(self.scores(views[v], views[w]), right, reduction="none") for v, w in pairs]
        return torch.stack(every).mean(0)


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
    """What two views of a datum tell of each other, in nats: the bound, its ceiling, the Gaussian estimate."""
    if len(features.views) < 2:
        return {}
    bound = infonce(features.views)
    return {
        "mutual_information": bound.value,
        "mutual_information_ceiling": bound.ceiling,
        "mutual_information_gaussian": gaussian(features.views[0], features.views[1]),
    }
