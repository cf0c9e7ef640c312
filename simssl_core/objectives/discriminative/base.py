"""What the discriminative objectives share: a representation h = f(x) of width D and its projection p = g(h)."""

from __future__ import annotations

from torch import Tensor

from simssl_core.config import Settings, setting
from simssl_core.data.types import Views
from simssl_core.models import encoders, heads
from simssl_core.objectives.base import Context, Objective, full_precision


class DiscriminativeConfig(Settings):
    projection: int = setting(64, "Width of the projection that the loss reads.", ge=2, le=8192, advanced=True)
    head_hidden: int = setting(256, "Hidden width of the projection head.", ge=8, le=8192, advanced=True)
    head_layers: int = setting(2, "Linear layers of the projection head.", ge=1, le=4, advanced=True)


class Discriminative(Objective):
    """An encoder to D numbers and a projection head. The loss reads p, probes read h.

    Convention: losses are the published means over views, **for each view**; to lay one beside a generative loss
    (summed over J views) multiply by J. Pairwise losses average over all ordered pairs of views a ≠ b, which at J = 2
    is the published symmetric loss. All views go through the encoder in one pass and share its batch-norm statistics.
    """

    family = "discriminative"
    keeps = "shared"
    least_views = 2
    least_batch = 2
    settings: DiscriminativeConfig

    def __init__(self, settings: DiscriminativeConfig, context: Context) -> None:
        super().__init__(settings, context)
        width = context.model.width
        self.encoder = encoders.build(context.model, context.shape, width)
        self.projector = heads.projector(width, settings.head_hidden, settings.projection, settings.head_layers)

    def networks(self, views: Views) -> dict[str, Tensor]:
        """``p``: the projections (J, B, P) of all views."""
        return {"p": self.project(views.images)}

    def project(self, images: Tensor) -> Tensor:
        """(J, B, C, H, W) → (J, B, P)."""
        return self.projector(self.encoder(images.flatten(0, 1))).unflatten(0, images.shape[:2])

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        shown = super().layers(images)
        return shown | {
            name: full_precision(layer) for name, layer in heads.hidden_layers(self.projector, shown["representation"])
        }
