"""Random: an encoder that is never trained, the floor that every objective must beat.

Its weights stay as they were drawn; only batch-norm's running statistics follow the data, or the untrained network
would be measured in a state that no trained one is in. The loss is zero. It stands for no part of ELBO_SSL.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import Settings
from simssl_core.data.types import Views
from simssl_core.models import encoders
from simssl_core.objectives.base import Context, Objective, Terms, register


@register
class Random(Objective):
    name = "random"
    title = "Untrained"
    colour = "#8C8C8C"
    family = "reference"
    formula = r"0"
    roles = {}

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        self.encoder = encoders.build(context.model, context.shape, context.model.width).requires_grad_(False)

    def networks(self, views: Views) -> dict[str, Tensor]:
        return {"h": self.encoder(views.images.flatten(0, 1))}

    def terms(self, views: Views, h: Tensor) -> Terms:
        # a leaf of its own: backward() works as for any other objective, and reaches no weight
        zero = torch.zeros((), device=h.device, dtype=h.dtype, requires_grad=True)
        return Terms.of(h, other=zero)
