r"""Supervised: cross-entropy on the true content, the ceiling for content.

    loss = mean_j −logit_y(h^j) + log Σ_c exp(logit_c(h^j)),      logits linear in h

In nats for each view; data without a label (−1) are left out. In ELBO_SSL y is known here instead of inferred.
"""

from __future__ import annotations

from torch import Tensor, nn

from simssl_core.config import Settings
from simssl_core.data.types import Views
from simssl_core.errors import ConfigError
from simssl_core.functional.vectors import pull_push
from simssl_core.models import encoders
from simssl_core.objectives.base import Context, Objective, Terms, register


@register
class Supervised(Objective):
    name = "supervised"
    title = "Supervised"
    colour = "#5F9E3F"
    unit = "nats per view"
    family = "reference"
    formula = r"-\mathrm{logit}_y(h) + \log\sum_c\exp(\mathrm{logit}_c(h))"
    roles = {
        "pull": ("log p(z|y) with y given: data of a class share one direction.", r"-\mathrm{logit}_y(h)"),
        "push": ("−log p(z): away from all other classes.", r"\log\sum_c\exp(\mathrm{logit}_c(h))"),
    }

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        if context.classes < 2:
            raise ConfigError(
                "supervised learns from labels and this data has fewer than two classes; give labels, or leave it out"
            )
        self.encoder = encoders.build(context.model, context.shape, context.model.width)
        self.classifier = nn.Linear(context.model.width, context.classes)

    def networks(self, views: Views) -> dict[str, Tensor]:
        logits = self.classifier(self.encoder(views.images.flatten(0, 1)))
        return {"logits": logits.unflatten(0, views.images.shape[:2])}

    def terms(self, views: Views, logits: Tensor) -> Terms:
        known = (views.labels >= 0).to(logits.dtype)
        weights = known / known.sum().clamp_min(1) / views.count
        pull, push = pull_push(logits, views.labels.clamp_min(0).expand(logits.shape[:2]))
        return Terms.of(logits, pull=(weights * pull).sum(), push=(weights * push).sum())
