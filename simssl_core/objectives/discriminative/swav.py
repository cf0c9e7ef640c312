r"""SwAV: predict a view's balanced code from another view.

    loss = mean_{a≠b} −Σ_k c_k^a·s_k^b/τ + log Σ_k exp(s_k^b/τ),      s = ⟨p̂, prototypes⟩, c^a = Sinkhorn(s^a; ε), no
    gradient

K = 512 prototypes, τ = 0.1, ε = 0.05, 3 iterations; codes are balanced within each view of the batch. In nats for
each view. pull is the code's own score, push the log-denominator (and, through the codes, the even split over
prototypes). Source: Caron et al. 2020, arXiv 2006.09882.
"""

from __future__ import annotations

from torch import Tensor

from simssl_core.config import setting
from simssl_core.data.types import Views
from simssl_core.functional.clustering import sinkhorn
from simssl_core.functional.vectors import mean_pair_similarity
from simssl_core.models.heads import Prototypes
from simssl_core.objectives.base import Context, Terms, register
from simssl_core.objectives.discriminative.base import Discriminative, DiscriminativeConfig


class SwAVConfig(DiscriminativeConfig):
    temperature: float = setting(0.1, "τ, divides the scores of what predicts.", live=True, ge=0.01, le=10)
    epsilon: float = setting(0.05, "ε, smoothness of the codes.", live=True, ge=0.005, le=1)
    prototypes: int = setting(512, "K, prototypes.", ge=2, le=65_536)
    iterations: int = setting(3, "Rounds of Sinkhorn–Knopp.", ge=1, le=100, advanced=True)


def swapped_prediction(scores: Tensor, codes: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """0-d (pull, push) of scores and codes (J, N, K): each view's codes, predicted from every other view."""
    logits = scores / temperature
    return -mean_pair_similarity(codes, logits).mean(), logits.logsumexp(-1).mean()


@register
class SwAV(Discriminative):
    name = "swav"
    title = "SwAV"
    colour = "#DDAA33"
    unit = "nats per view"
    stops_gradient = True
    formula = r"-\tfrac1\tau\sum_k c^a_k s^b_k + \log\sum_k\exp(s^b_k/\tau),\quad c=\mathrm{Sinkhorn}(s)"
    roles = {
        "pull": ("log p(z|y): y is a code, and every view of a datum has it.", r"-\tfrac1\tau\sum_k c^a_k s^b_k"),
        "push": (
            "−log p(z): away from all other prototypes, over which data are split evenly.",
            r"\log\sum_k\exp(s^b_k/\tau)",
        ),
    }
    Config = SwAVConfig
    settings: SwAVConfig

    def __init__(self, settings: SwAVConfig, context: Context) -> None:
        super().__init__(settings, context)
        self.prototypes = Prototypes(settings.projection, settings.prototypes)

    def networks(self, views: Views) -> dict[str, Tensor]:
        return {"scores": self.prototypes(self.project(views.images))}

    def terms(self, views: Views, scores: Tensor) -> Terms:
        s = self.settings
        pull, push = swapped_prediction(scores, sinkhorn(scores.detach(), s.epsilon, s.iterations), s.temperature)
        return Terms.of(pull, pull=pull, push=push)
