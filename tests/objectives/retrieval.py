"""Finding one modality by the other, from a table of similarities."""

from __future__ import annotations

import torch
from torch import Tensor


def recall(scores: Tensor, k: int = 1) -> Tensor:
    """Share of rows whose own column is among their k best; ``scores`` (N, N), row n belongs to column n; → 0-d.

    Columns that tie with the right one count against it half each, so that a collapsed table scores chance and no
    more. Transpose ``scores`` for the other direction.
    """
    own = scores.diagonal().unsqueeze(-1)
    better = (scores > own).sum(-1)
    ties = (scores == own).sum(-1) - 1
    return torch.as_tensor(better + 0.5 * ties < k).double().mean()
