"""Diagonal Gaussians: densities, entropies, divergences, and the density of J views that share one content y.

All in nats, summed over the last axis (dimensions D). ``log_var`` is log s².
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


def sample(mu: Tensor, log_var: Tensor) -> Tensor:
    """A draw z = μ + s·ε from N(μ, diag s²), differentiable in both; shapes (..., D); torch's global generator."""
    return mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)


def entropy(log_var: Tensor) -> Tensor:
    """H[N(·, diag s²)] = D/2·log 2πe + ½ Σ_d log s_d²; (..., D) → (...)."""
    return 0.5 * (log_var.sum(-1) + log_var.shape[-1] * (LOG_2PI + 1))


def log_normal(x: Tensor, mean: Tensor | float, variance: Tensor | float) -> Tensor:
    """log N(x; mean, variance·I), summed over the last axis; (..., D) → (...). ``variance`` broadcasts against x."""
    variance = torch.as_tensor(variance, dtype=x.dtype, device=x.device)
    return -0.5 * ((x - mean).square() / variance + variance.log() + LOG_2PI).sum(-1)


def kl_standard(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(μ, diag s²) ‖ N(0, I)); (..., D) → (...)."""
    return 0.5 * (mu.square() + log_var.exp() - log_var - 1).sum(-1)


def kl(mu: Tensor, log_var: Tensor, other_mu: Tensor, other_log_var: Tensor) -> Tensor:
    """KL(N(μ, diag s²) ‖ N(μ', diag s'²)); (..., D) → (...)."""
    ratio = (log_var - other_log_var).exp()
    distance = (mu - other_mu).square() * torch.exp(-other_log_var)
    return 0.5 * (ratio + distance - (log_var - other_log_var) - 1).sum(-1)


def spread(z: Tensor) -> Tensor:
    """Σ_j ‖z^j − z̄‖² over J views, with z̄ their mean; (J, ..., D) → (...)."""
    return (z - z.mean(0)).square().sum(dim=(0, -1))


def tube_constant(views: int, dims: int, sigma2: float) -> float:
    """What normalises the density of J views around their mean: (J−1)D/2·log 2πσ² + D/2·log J, in nats."""
    return 0.5 * dims * ((views - 1) * (LOG_2PI + math.log(sigma2)) + math.log(views))


def shared_content(z: Tensor, sigma2: float, gamma2: float | None = None) -> Tensor:
    """log p(z¹..z^J) = log ∫ p(y) Π_j N(z^j; y, σ²I) dy; (J, ..., D) → (...).

    ``gamma2`` None: uniform p(y), up to the flat density's own constant,
        −(J−1)D/2·log 2πσ² − D/2·log J − (1/2σ²) Σ_j ‖z^j − z̄‖²;
    otherwise p(y) = N(0, γ²I), which adds log N(z̄; 0, (γ² + σ²/J) I). Bizeul, Schölkopf & Allen 2024, eq. 5.
    """
    views, dims = z.shape[0], z.shape[-1]
    value = -tube_constant(views, dims, sigma2) - spread(z) / (2 * sigma2)
    if gamma2 is not None:
        value = value + log_normal(z.mean(0), 0.0, gamma2 + sigma2 / views)
    return value


def log_together(one: tuple[Tensor, Tensor], two: tuple[Tensor, Tensor], sigma2: float) -> Tensor:
    """log density that posteriors (mean, log-variance) of (B, D) and of (M, D) share one content → (B, M), in nats.

    Two views of one content differ by z¹ − z² ~ N(0, 2σ²); with the posteriors' own spread, per dimension
    log N(μ¹ − μ²; 0, 2σ² + s¹² + s²²).
    """
    (mu, log_var), (other_mu, other_log_var) = one, two
    variance = 2 * sigma2 + log_var.exp()[:, None] + other_log_var.exp()[None]
    return log_normal(mu[:, None] - other_mu[None], 0.0, variance)


def bounded(log_var: Tensor, limit: float = 10.0, room: float = 4.0) -> Tensor:
    """``log_var`` itself where |log_var| ≤ ``limit``; beyond, it bends smoothly and never passes ``limit + room``.

    An early step can ask for a variance of e^90, which overflows; s from 0.007 to 148 is left exactly as it is.
    """
    inside = log_var.clamp(-limit, limit)
    return inside + room * torch.tanh((log_var - inside) / room)
