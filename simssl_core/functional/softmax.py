"""Cross-entropies split into the part that pulls towards a target and the part that pushes from all else."""

from __future__ import annotations

import torch
from torch import Tensor


def pull_push(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """−⟨target, logits⟩ and log Σ exp(logits): together the cross-entropy H(target, softmax(logits)), in nats.

    ``logits`` (..., K); ``target`` probabilities (..., K), or int64 (...) the true class. Both returned are (...).
    """
    if target.dtype == torch.int64:
        pull = -logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    else:
        pull = -(target * logits).sum(-1)
    return pull, logits.logsumexp(-1)


def info_nce(anchors: Tensor, candidates: Tensor, temperature: Tensor | float) -> tuple[Tensor, Tensor]:
    """InfoNCE in one direction: anchor n must find candidate n among all N; (..., N, P) twice → 0-d (pull, push).

    pull = −mean ⟨a_n, c_n⟩/τ, push = mean log Σ_m exp(⟨a_n, c_m⟩/τ); the sum is in nats for each anchor. Vectors are
    taken as they come (normalise them first where the method does). Oord 2018, arXiv 1807.03748, eq. 4.
    """
    logits = anchors @ candidates.mT / temperature
    return -logits.diagonal(dim1=-2, dim2=-1).mean(), logits.logsumexp(-1).mean()
