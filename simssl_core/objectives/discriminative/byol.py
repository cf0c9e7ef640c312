r"""BYOL: predict the target network's projection of another view.

    loss = mean_{a≠b} 2 − 2·cos(r(p^a), sg(t^b)),      t by an exponential average of encoder and projector

The average over both orders of the views, half of the published sum of both. m rises from 0.996 to 1 by half a
cosine; the average follows after the optimiser's step. Batch-norm in the target runs on its own batch, as published.
Nothing in the loss pushes: predictor, stopped gradient and average keep it from collapse, and have no counterpart in
ELBO_SSL. Source: Grill et al. 2020, arXiv 2006.07733.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import mean_pair_similarity, unit
from simssl_core.models import ema, heads
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class BYOLConfig(DiscriminativeConfig):
    momentum: float = setting(
        0.996, "m, how much of the target stays at each step, at the start.", live=True, ge=0, le=1
    )
    predictor_hidden: int = setting(256, "Hidden width of the predictor.", ge=8, le=8192, advanced=True)


def byol_loss(predicted: Tensor, wanted: Tensor) -> Tensor:
    """2 − 2·cos between predictions and targets (J, N, P) of different views, averaged; 0-d."""
    return 2 - 2 * mean_pair_similarity(unit(predicted), unit(wanted)).mean()


@register
class BYOL(Discriminative):
    name = "byol"
    title = "BYOL"
    colour = "#CC79A7"
    formula = r"2 - 2\cos(r(p^a),\mathrm{sg}(t^b))"
    roles = {
        "pull": (
            "log p(z|y): one view predicts the other. Nothing pushes; a slow target prevents collapse.",
            r"2-2\cos(r(p^a),\mathrm{sg}(t^b))",
        )
    }
    Config = BYOLConfig
    settings: BYOLConfig

    def __init__(self, settings: BYOLConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.predictor = heads.predictor(settings.projection, settings.predictor_hidden)
        self.target_encoder, self.target_projector = ema.target_of(self.encoder), ema.target_of(self.projector)

    def networks(self, views: Views) -> dict[str, Tensor]:
        count = views.images.shape[:2]
        p = self.projector(self.encoder(views.images.flatten(0, 1)))
        with torch.no_grad():
            wanted = self.target_projector(self.target_encoder(views.images.flatten(0, 1)))
        return {"predicted": self.predictor(p).unflatten(0, count), "wanted": wanted.unflatten(0, count)}

    def terms(self, views: Views, predicted: Tensor, wanted: Tensor) -> Terms:
        return Terms.of(predicted, pull=byol_loss(predicted, wanted))

    def after_step(self, step: int, total: int) -> None:
        m = ema.rising(self.settings.momentum, step, total)
        ema.follow(self.target_encoder, self.encoder, m)
        ema.follow(self.target_projector, self.projector, m)
