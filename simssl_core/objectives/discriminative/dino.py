r"""DINO: a student matches the sharpened, centred output of its own average, a teacher.

    loss = mean_{a≠b} −Σ_k t_k^a·s_k^b/τ_s + log Σ_k exp(s_k^b/τ_s),      t^a = softmax((teacher(x^a) − c)/τ_t), no
    gradient

Heads end in cosines with K = 1024 directions. After the step c ← 0.9·c + 0.1·mean teacher output (over views and
data), then the teacher follows with m from 0.996 to 1 by half a cosine. τ_t = 0.04 (no warm-up), τ_s = 0.1. In nats
for each view. Probes read the student. Source: Caron et al. 2021, arXiv 2104.14294.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.models import ema
from simssl_core.models.heads import Prototypes
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig
from simssl_core.objectives.discriminative.swav import swapped_prediction


class DINOConfig(DiscriminativeConfig):
    teacher_temperature: float = setting(0.04, "τ_t, sharpens the teacher.", live=True, ge=0.01, le=1)
    student_temperature: float = setting(0.1, "τ_s, divides the student's output.", live=True, ge=0.01, le=1)
    momentum: float = setting(
        0.996, "m, how much of the teacher stays at each step, at the start.", live=True, ge=0, le=1
    )
    centre_momentum: float = setting(
        0.9, "How much of the centre stays at each step.", live=True, ge=0, le=1, advanced=True
    )
    prototypes: int = setting(1024, "K, outputs of student and teacher.", ge=2, le=65_536)


def teacher_target(output: Tensor, centre: Tensor, temperature: float) -> Tensor:
    """softmax((output − centre)/τ_t) without gradient; (..., K) → (..., K)."""
    return ((output.detach() - centre) / temperature).softmax(-1)


@register
class DINO(Discriminative):
    name = "dino"
    title = "DINO"
    colour = "#A63603"
    unit = "nats per view"
    formula = r"-\tfrac1{\tau_s}\sum_k t^a_k s^b_k + \log\sum_k e^{s^b_k/\tau_s},\quad t=\mathrm{softmax}((T-c)/\tau_t)"
    roles = {
        "pull": ("log p(z|y): y is the teacher's output for another view.", r"-\tfrac1{\tau_s}\sum_k t^a_k s^b_k"),
        "push": ("−log p(z): away from other outputs, which centring keeps in use.", r"\log\sum_k e^{s^b_k/\tau_s}"),
    }
    Config = DINOConfig
    settings: DINOConfig
    centre: Tensor

    def __init__(self, settings: DINOConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.prototypes = Prototypes(settings.projection, settings.prototypes)
        self.teacher = torch.nn.Sequential(*map(ema.target_of, (self.encoder, self.projector, self.prototypes)))
        self.register_buffer("centre", torch.zeros(settings.prototypes))
        self._output: Tensor | None = None

    def networks(self, views: Views) -> dict[str, Tensor]:
        with torch.no_grad():
            output = self.teacher(views.images.flatten(0, 1)).unflatten(0, views.images.shape[:2])
        return {"scores": self.prototypes(self.project(views.images)), "output": output}

    def terms(self, views: Views, scores: Tensor, output: Tensor) -> Terms:
        wanted = teacher_target(output, self.centre, self.settings.teacher_temperature)
        pull, push = swapped_prediction(scores, wanted, self.settings.student_temperature)
        if self.training:
            self._output = output
        return Terms.of(pull, pull=pull, push=push)

    @torch.no_grad()
    def after_step(self, step: int, total: int) -> None:
        if self._output is not None:
            self.centre.lerp_(self._output.mean((0, 1)), 1 - self.settings.centre_momentum)
            self._output = None
        m = ema.rising(self.settings.momentum, step, total)
        for teacher, student in zip(self.teacher, (self.encoder, self.projector, self.prototypes), strict=True):
            ema.follow(teacher, student, m)
