r"""SimSiam: predict the projection of another view, whose gradient is stopped.

    loss = mean_{a≠b} −cos(r(p^a), sg(p^b))

The published half-and-half symmetric loss at J = 2; −1 is the least. Nothing pushes: the stopped gradient keeps it
from collapse and has no counterpart in ELBO_SSL. Source: Chen & He 2021, arXiv 2011.10566.
"""

from __future__ import annotations

from torch import Tensor, nn

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.vectors import mean_pair_similarity, unit
from simssl_core.models import heads
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class SimSiamConfig(DiscriminativeConfig):
    predictor_hidden: int = setting(64, "Hidden width of the predictor, a bottleneck.", ge=4, le=8192, advanced=True)


def simsiam_loss(predicted: Tensor, p: Tensor) -> Tensor:
    """−cos between predictions and the stopped projections (J, N, P) of different views, averaged; 0-d."""
    return -mean_pair_similarity(unit(predicted), unit(p.detach())).mean()


@register
class SimSiam(Discriminative):
    name = "simsiam"
    title = "SimSiam"
    colour = "#B5651D"
    stops_gradient = True
    formula = r"-\cos(r(p^a),\mathrm{sg}(p^b))"
    roles = {
        "pull": (
            "log p(z|y): one view predicts the other. Nothing pushes; the stopped gradient prevents collapse.",
            r"-\cos(r(p^a),\mathrm{sg}(p^b))",
        )
    }
    Config = SimSiamConfig
    settings: SimSiamConfig

    def __init__(self, settings: SimSiamConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.projector.append(nn.BatchNorm1d(settings.projection))  # as published: without it the MLP's views collapse
        self.predictor = heads.predictor(settings.projection, settings.predictor_hidden)

    def networks(self, views: Views) -> dict[str, Tensor]:
        p = self.project(views.images)
        return {"p": p, "predicted": self.predictor(p.flatten(0, 1)).unflatten(0, p.shape[:2])}

    def terms(self, views: Views, p: Tensor, predicted: Tensor) -> Terms:
        return Terms.of(p, pull=simsiam_loss(predicted, p))
